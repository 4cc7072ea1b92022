//! What `auto` stands for on this machine.

use super::{Request, Share, explained, gpu, open};

/// Settles what `auto` stands for: all GPUs that this program can use, else the CPU; and says in a sentence why,
/// if the program has CUDA in it. Any other request stays as it is.
#[must_use]
pub fn settled(request: Request) -> (Request, Option<String>) {
    if request != Request::Auto {
        return (request, None);
    }
    let cpu = Request::Cpu { workers: None };
    if !cfg!(feature = "cuda") {
        return (cpu, None);
    }
    match gpu::count() {
        Ok(count) => {
            let opened = (0..count).map(|gpu| (gpu, open(gpu)));
            let tried: Vec<_> = opened
                .map(|(gpu, opened)| (gpu, opened.err().map(|error| explained(&error))))
                .collect();
            chosen(&tried)
        }
        Err(error) => (
            cpu,
            Some(format!(
                "on the CPU, as no GPU is found: {}",
                explained(&error)
            )),
        ),
    }
}

/// The request for GPUs by what is in the way of each, and why it is that.
fn chosen(tried: &[(usize, Option<String>)]) -> (Request, Option<String>) {
    let share = |&(gpu, _): &(usize, Option<String>)| Share { gpu, workers: 1 };
    let usable = tried.iter().filter(|(_, why)| why.is_none());
    let usable: Vec<Share> = usable.map(share).collect();
    let because = |(gpu, why): &(usize, Option<String>)| {
        let why = why.as_ref()?;
        Some(format!("; cuda:{gpu} cannot be used: {why}"))
    };
    let because: String = tried.iter().filter_map(because).collect();
    if usable.is_empty() {
        let why = format!("on the CPU, as there is no GPU that can be used{because}");
        return (Request::Cpu { workers: None }, Some(why));
    }
    let request = Request::Cuda { gpus: Some(usable) };
    let why = format!(
        "on {request}, all GPUs that can be used{because}; --devices cpu computes on the CPU"
    );
    (request, Some(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gpu_that_can_be_used_is_taken_and_why_another_cannot_is_said() {
        let tried = [(0, None), (1, Some("no room".into())), (2, None)];
        let (request, why) = chosen(&tried);
        assert_eq!(request.to_string(), "cuda:0,2");
        let why = why.unwrap();
        assert!(why.contains("cuda:1 cannot be used: no room"), "{why}");
    }

    #[test]
    fn without_a_gpu_that_can_be_used_it_is_the_cpu() {
        for tried in [vec![], vec![(0, Some("too old".to_owned()))]] {
            let (request, why) = chosen(&tried);
            assert_eq!(request.to_string(), "cpu");
            assert!(why.unwrap().starts_with("on the CPU"));
        }
    }

    #[test]
    fn what_is_asked_for_by_name_stays() {
        for text in ["cpu", "cpu:3", "cuda", "cuda:0x4"] {
            let asked: Request = text.parse().unwrap();
            assert_eq!(settled(asked.clone()), (asked, None));
        }
    }
}
