//! Rounds on ranks that are threads.

use super::*;
use crate::{
    Counts, Flow, HamiltonianDescent, Kinetic, Method, Oracle, Predictor, Quadratic, Recurrence,
    SymplecticEuler, Window, WindowMethod, WindowedDescent, WindowedRecurrence,
};
use candle_core::Device;

/// What each rank answers, in their order.
fn on_ranks<R: Send>(count: usize, work: impl Fn(Arc<dyn Ranks>) -> R + Sync) -> Vec<R> {
    std::thread::scope(|threads| {
        let work = &work;
        let started: Vec<_> = ThreadRanks::of(count)
            .into_iter()
            .map(|ranks| threads.spawn(move || work(Arc::new(ranks))))
            .collect();
        started
            .into_iter()
            .map(|rank| rank.join().unwrap())
            .collect()
    })
}

fn potential() -> Arc<dyn Potential> {
    Arc::new(Quadratic::diagonal(&[2.0, 5.0, 0.5], &Device::Cpu).unwrap())
}

#[test]
fn every_rank_gets_every_gradient_however_many_points_and_ranks_there_are() {
    for (count, width) in [(1, 4), (2, 4), (3, 4), (4, 2), (5, 7)] {
        let found = on_ranks(count, |ranks| {
            let points: Vec<f64> = (0..3 * width).map(|i| i as f64).collect();
            let points = Tensor::from_vec(points, (width, 3), &Device::Cpu).unwrap();
            let gather = AllGather::new(potential(), ranks);
            gather.stacked(&points).unwrap().to_vec2::<f64>().unwrap()
        });
        let x = |w: usize, i: usize| (3 * w + i) as f64;
        let row = |w| vec![2.0 * x(w, 0), 5.0 * x(w, 1), 0.5 * x(w, 2)];
        let wanted: Vec<Vec<f64>> = (0..width).map(row).collect();
        for rows in found {
            assert_eq!(rows, wanted, "{count} ranks, {width} points");
        }
    }
}

/// Ranks whose tensors go from one to another as they are.
struct Directly(Arc<dyn Ranks>);

impl Ranks for Directly {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn count(&self) -> usize {
        self.0.count()
    }

    fn all_gather(&self, own: &[u8], all: &mut [u8]) -> Result<()> {
        self.0.all_gather(own, all)
    }

    fn broadcast(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.0.broadcast(message)
    }

    fn on_devices(&self) -> Option<&dyn DeviceRanks> {
        Some(self)
    }
}

impl DeviceRanks for Directly {
    fn all_gather(&self, own: &Tensor) -> Result<Tensor> {
        let staging = Staging::default();
        let sent = staging.bytes(own)?;
        let mut all = vec![0; sent.len() * self.0.count()];
        self.0.all_gather(&sent, &mut all)?;
        let (rows, dimension) = own.dims2()?;
        let shape = (rows * self.0.count(), dimension);
        let filled = |to: &mut [u8]| to.copy_from_slice(&all);
        Ok(staging.tensor(shape, own.dtype(), own.device(), filled)?)
    }
}

#[test]
fn tensors_from_device_to_device_are_those_through_the_hosts_memory() {
    for (count, width) in [(1, 4), (2, 4), (3, 4), (4, 2), (5, 7)] {
        let found = on_ranks(count, |ranks| {
            let points: Vec<f64> = (0..3 * width).map(|i| i as f64).collect();
            let points = Tensor::from_vec(points, (width, 3), &Device::Cpu).unwrap();
            let host = AllGather::new(potential(), ranks.clone());
            let directly = AllGather::new(potential(), Arc::new(Directly(ranks)));
            let of = |by: &AllGather| by.stacked(&points).unwrap().to_vec2::<f64>().unwrap();
            assert_eq!(of(&host), of(&directly), "{count} ranks, {width} points");
            (host.times().bytes, directly.times().bytes)
        });
        for (host, directly) in found {
            assert_eq!(host, directly, "{count} ranks, {width} points");
        }
    }
}

fn end(oracle: Oracle, width: usize) -> (Vec<f64>, Counts) {
    let start = Tensor::new(&[1f64, -2.0, 3.0], &Device::Cpu).unwrap();
    let mut method: Box<dyn Method> = match width {
        1 => {
            let flow =
                Flow::new(Kinetic::HalfL2Squared, Box::new(SymplecticEuler), 0.1, 20).unwrap();
            Box::new(HamiltonianDescent::new(oracle, flow, start))
        }
        width => {
            let flow = WindowedRecurrence {
                recurrence: Recurrence::new(Kinetic::HalfL2Squared, 0.1, 20),
                window: Window {
                    width,
                    tolerance: 0.0,
                    method: WindowMethod::picard(Predictor::LinearForce),
                    ..Window::default()
                },
            };
            Box::new(WindowedDescent::new(oracle, flow, start))
        }
    };
    method.advance().unwrap();
    method.advance().unwrap();
    (method.position().to_vec1().unwrap(), method.counts())
}

#[test]
fn a_window_on_ranks_ends_where_the_sequential_flow_does_in_the_rounds_of_one_device() {
    let (sequential, _) = end(Oracle::from(potential()), 1);
    let (_, alone) = end(Oracle::from(potential()), 4);
    for count in [1, 2, 4] {
        let found = on_ranks(count, |ranks| {
            let gather = Arc::new(AllGather::new(potential(), ranks));
            let (point, counts) = end(Oracle::shared(gather.clone()), 4);
            (point, counts, gather.times())
        });
        for (point, counts, times) in found {
            for (a, b) in point.iter().zip(&sequential) {
                assert!((a - b).abs() < 1e-12, "{count} ranks: {a} {b}");
            }
            assert_eq!(counts, alone);
            assert_eq!(times.rounds, counts.rounds);
            assert!(times.gradient_s > 0.0 && times.exchange_s >= 0.0);
            assert_eq!(times.bytes == 0, count == 1);
        }
    }
}

#[test]
fn windows_that_came_apart_are_found_out_by_every_rank() {
    let errors = on_ranks(2, |ranks| {
        let apart = 1.0 + 1e-15 * ranks.rank() as f64;
        let points = Tensor::new(&[[apart, 1.0, 1.0], [2.0, 2.0, 2.0]], &Device::Cpu).unwrap();
        let error = AllGather::new(potential(), ranks).stacked(&points);
        error.unwrap_err().to_string()
    });
    for error in errors {
        assert!(error.contains("moves its window otherwise"), "{error}");
    }
}

#[test]
fn what_rank_0_says_is_heard_by_all_and_other_lengths_are_an_error() {
    let heard = on_ranks(3, |ranks| {
        let message = [b"nothing".to_vec(), b"this".to_vec()];
        let own = &message[usize::from(ranks.rank() == 0)];
        ranks.broadcast(own).unwrap()
    });
    assert_eq!(heard, vec![b"this".to_vec(); 3]);
    let refused = on_ranks(2, |ranks| {
        let own = vec![0; 3 + ranks.rank()];
        ranks.all_gather(&own, &mut vec![0; 2 * own.len()]).is_err()
    });
    assert!(refused.iter().any(|refused| *refused));
}

#[test]
fn points_one_by_one_are_gathered_as_those_in_a_stack() {
    let rows = |all: Vec<Tensor>| -> Vec<Vec<f64>> {
        all.iter().map(|row| row.to_vec1().unwrap()).collect()
    };
    for found in on_ranks(2, |ranks| {
        let gather = AllGather::new(potential(), ranks);
        let point = |x: f64| Tensor::new(&[x, 1.0, 2.0], &Device::Cpu).unwrap();
        let none = gather.gradients(&[]).unwrap().len();
        (
            none,
            rows(gather.gradients(&[point(1.0), point(3.0)]).unwrap()),
        )
    }) {
        assert_eq!(found, (0, vec![vec![2.0, 5.0, 1.0], vec![6.0, 5.0, 1.0]]));
    }
}

#[test]
fn a_rounds_time_is_gradients_then_waiting_for_the_slowest_then_exchange() {
    let ranks = ThreadRanks::of(3).remove(0);
    let gather = AllGather::new(potential(), Arc::new(ranks));
    let heads = |slowest| Heads {
        all: vec![0; 3 * 24],
        slowest,
    };
    gather.count(&heads(0.75), 0.5, 1.0, 7);
    // Whoever is slowest waits for nobody; nobody waits longer than the round took.
    gather.count(&heads(0.25), 0.25, 0.125, 0);
    gather.count(&heads(9.0), 1.0, 0.5, 1);
    let wanted = RoundTimes {
        rounds: 3,
        gradient_s: 0.5 + 0.25 + 1.0,
        waited_s: 0.25 + 0.5,
        exchange_s: 0.75 + 0.125,
        bytes: 3 * 48 + 8,
    };
    assert_eq!(gather.times(), wanted);
}
