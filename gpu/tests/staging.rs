//! Numbers to the host and back, on every device there is: a GPU takes part where there is one.

use candle_core::{DType, Device, Tensor};
use gpu::Staging;
use std::path::Path;
use std::process::Command;

fn numbers(tensor: &Tensor) -> Vec<f64> {
    let here = tensor.to_device(&Device::Cpu).unwrap();
    let flat = here.flatten_all().unwrap();
    flat.to_dtype(DType::F64).unwrap().to_vec1().unwrap()
}

fn devices() -> Vec<Device> {
    let mut devices = gpu::devices_to_test();
    devices.push(Device::Cpu);
    devices
}

#[test]
fn what_goes_to_the_host_and_back_is_the_same_to_the_last_bit() {
    for device in devices() {
        let staging = Staging::default();
        for dtype in [DType::F32, DType::F64] {
            // First little, then more than what was pinned for it, then little again.
            for rows in [1, 700, 3] {
                let wave: Vec<f64> = (0..5 * rows).map(|i| 0.37 * f64::from(i) - 2.0).collect();
                let rows = Tensor::from_vec(wave, (rows as usize, 5), &Device::Cpu).unwrap();
                let rows = rows.to_dtype(dtype).unwrap().to_device(&device).unwrap();
                let bytes = staging.bytes(&rows).unwrap();
                assert_eq!(bytes.len(), rows.elem_count() * dtype.size_in_bytes());
                let filled = |all: &mut [u8]| all.copy_from_slice(&bytes);
                let again = staging.tensor(rows.shape(), dtype, &device, filled);
                let again = again.unwrap();
                assert!(again.device().same_device(&device) && again.dtype() == dtype);
                assert_eq!(numbers(&again), numbers(&rows));
                let nothing = staging.bytes(&rows.narrow(0, 0, 0).unwrap());
                assert!(nothing.unwrap().is_empty());
            }
            let odd = [1.0, -0.1, f64::MAX, f64::NAN, f64::MIN_POSITIVE, -0.0];
            let odd = Tensor::new(&odd, &Device::Cpu).unwrap().to_dtype(dtype);
            let odd = odd.unwrap().to_device(&device).unwrap();
            let bytes = staging.bytes(&odd).unwrap();
            let again = staging.tensor(6, dtype, &device, |all| all.copy_from_slice(&bytes));
            assert_eq!(staging.bytes(&again.unwrap()).unwrap(), bytes);
        }
    }
}

#[test]
fn a_tensor_keeps_its_numbers_when_the_next_goes_the_same_way() {
    for device in devices() {
        let staging = Staging::default();
        let of = |byte: u8| {
            let tensor = staging.tensor(1000, DType::F32, &device, |all| all.fill(byte));
            tensor.unwrap()
        };
        // Nobody waits for the device in between.
        let all: Vec<Tensor> = (1..20).map(of).collect();
        for (byte, tensor) in (1..20).zip(&all) {
            let expected = f64::from(f32::from_le_bytes([byte; 4]));
            assert!(numbers(tensor).iter().all(|&found| found == expected));
            assert!(staging.bytes(tensor).unwrap().iter().all(|&b| b == byte));
        }
    }
}

#[test]
fn a_part_of_a_tensor_is_taken_without_the_rest() {
    for device in devices() {
        let staging = Staging::default();
        let all: Vec<f32> = (0..12u8).map(f32::from).collect();
        let all = Tensor::from_vec(all, (3, 4), &device).unwrap();
        let parts = [all.narrow(0, 1, 1), all.narrow(1, 1, 2), all.t()];
        for part in parts.map(Result::unwrap) {
            let bytes = staging.bytes(&part).unwrap();
            let found = bytes.chunks_exact(4).map(|b| b.try_into().unwrap());
            let found: Vec<f64> = found.map(|b| f64::from(f32::from_le_bytes(b))).collect();
            assert_eq!(found, numbers(&part));
        }
    }
}

#[test]
fn numbers_of_another_type_are_refused() {
    for device in devices() {
        let staging = Staging::default();
        for dtype in [DType::U32, DType::BF16] {
            let tensor = Tensor::zeros(2, dtype, &device).unwrap();
            assert!(staging.bytes(&tensor).is_err());
            assert!(staging.tensor(2, dtype, &device, |_| ()).is_err());
        }
    }
}

#[test]
fn where_no_memory_can_be_pinned_numbers_go_without_it() {
    // A device that the CPU stands in for, which has none to give the first time.
    if std::env::var_os("STANDIN_DEVICES").is_none() || std::env::var_os("STANDIN_FAIL").is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    let pinned = |refused: &str| -> u64 {
        let trace = Path::new(env!("CARGO_TARGET_TMPDIR")).join(refused);
        let mut again = Command::new(&own);
        again.args(["--exact", "a_part_of_a_tensor_is_taken_without_the_rest"]);
        again
            .env("STANDIN_FAIL", refused)
            .env("STANDIN_TRACE", &trace);
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        let counts = std::fs::read_to_string(&trace).unwrap();
        let (_, count) = counts.split_once("\"pinned_downloads\": ").unwrap();
        count.split([',', '}']).next().unwrap().parse().unwrap()
    };
    let all = pinned("pin:1000");
    assert!(all >= 3, "three parts of a tensor, on each device");
    assert_eq!(pinned("pin:1"), all - 1, "the first of them without");
}
