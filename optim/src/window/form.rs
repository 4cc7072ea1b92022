//! A window as names and numbers, to be read and written.

use super::settings::{Predictor, RelativeTo, Storage, Velocity, Window, WindowMethod};
use crate::{Error, Result};
use std::fmt;

/// What the secant method's own predictor is called where predictors are named.
const MODEL: &str = "model";

/// Holds every setting of a [`Window`] by itself, as a configuration file does. Converting it into a
/// `Window` rejects combinations that make no sense.
///
/// ```
/// use optim::{Window, WindowForm, WindowMethod};
/// let form = WindowForm { method: "secant".into(), memory: 10, window: 8, ..WindowForm::default() };
/// assert_eq!(form.to_string(), "W=8 secant M=10");
/// assert_eq!(Window::try_from(form.clone())?.method, WindowMethod::secant(10));
/// let picard = WindowForm { method: "picard".into(), ..form };
/// assert!(Window::try_from(picard).is_err(), "it has no model");
/// # Ok::<(), optim::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct WindowForm {
    /// W.
    pub window: usize,
    /// The name of the window method.
    #[cfg_attr(feature = "serde", serde(rename = "window_method", alias = "method"))]
    pub method: String,
    /// The name of the velocity rule.
    pub velocity: String,
    /// The name of a predictor, or `model`; the method's own if `None`.
    pub predictor: Option<String>,
    /// τ.
    pub tolerance: f64,
    /// What a change is compared with: `size` or `progress`. Left out of the output if `size`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "is_size"))]
    pub relative_to: String,
    /// M, of the secant method; else 0.
    pub memory: usize,
    /// Whether the secant method's model is damped. Left out of the output if `false`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "std::ops::Not::not"))]
    pub damped: bool,
    /// Whether windows reach across flows.
    pub across_flows: bool,
    /// The name of what is kept.
    pub storage: String,
    /// How many gradients a part of the window has; `None` if the window is one part.
    pub at_once: Option<usize>,
}

/// Whether a change is compared with what it is by default.
#[cfg(feature = "serde")]
fn is_size(name: &str) -> bool {
    name == RelativeTo::default().name()
}

/// That of [`Window::default`], the predictor left to the method.
impl Default for WindowForm {
    fn default() -> Self {
        Self {
            predictor: None,
            ..Window::default().into()
        }
    }
}

impl From<Window> for WindowForm {
    fn from(window: Window) -> Self {
        let predictor = window.method.predictor().map_or(MODEL, Predictor::name);
        let storage = window.method.storage();
        Self {
            window: window.width,
            method: window.method.name().into(),
            velocity: window.velocity.name().into(),
            predictor: Some(predictor.into()),
            tolerance: window.tolerance,
            relative_to: window.relative_to.name().into(),
            memory: window.method.memory(),
            damped: window.method.damped(),
            across_flows: window.across_flows,
            storage: storage.name().into(),
            at_once: storage.at_once(),
        }
    }
}

impl TryFrom<WindowForm> for Window {
    type Error = Error;

    fn try_from(form: WindowForm) -> Result<Self> {
        let window = Self {
            width: form.window,
            tolerance: form.tolerance,
            relative_to: form.relative_to.parse()?,
            method: form.method()?,
            velocity: form.velocity.parse()?,
            across_flows: form.across_flows,
        };
        window.check()?;
        Ok(window)
    }
}

/// `W=4 linear-force`, `W=8 secant M=10 across`: what tells it from others, but for the tolerance.
impl fmt::Display for WindowForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W={} {}", self.window, self.guess())
    }
}

impl WindowForm {
    /// Lists the keys under which the fields may be read. `method` is written as `window_method`, and read
    /// under either name.
    pub const KEYS: &'static [&'static str] = &[
        "window",
        "method",
        "velocity",
        "predictor",
        "tolerance",
        "relative_to",
        "memory",
        "damped",
        "across_flows",
        "storage",
        "at_once",
    ];

    /// Returns the label without the width: how it guesses gradients and fills slots.
    #[must_use]
    pub fn guess(&self) -> String {
        let mut words = Vec::new();
        if self.method == "secant" {
            words.push(format!("secant M={}", self.memory));
        }
        if self.damped {
            words.push("damped".into());
        }
        words.extend(self.predictor.clone().filter(|name| name != MODEL));
        if self.across_flows {
            words.push("across".into());
        }
        if self.storage != Storage::Points.name() {
            words.push(self.storage.clone());
        }
        words.extend(self.at_once.map(|count| format!("by {count}")));
        if self.relative_to != RelativeTo::Size.name() {
            words.push(format!("τ of {}", self.relative_to));
        }
        if self.velocity != Velocity::Carried.name() {
            words.push(self.velocity.clone());
        }
        words.join(" ")
    }

    fn method(&self) -> Result<WindowMethod> {
        let storage = self.storage()?;
        let predictor = self.predictor.as_deref().filter(|name| *name != MODEL);
        let predictor = predictor.map(str::parse::<Predictor>).transpose()?;
        match self.method.as_str() {
            "picard" if self.predictor.as_deref() == Some(MODEL) => {
                let possible = "another with the window method picard, as only secant has a model";
                Err(Error::setting("predictor", MODEL, possible))
            }
            "picard" if self.memory > 0 => {
                let possible = "left out, but for the window method secant";
                Err(Error::setting("memory", self.memory, possible))
            }
            "picard" if self.damped => {
                let possible = "left out, but for the window method secant, which has a model";
                Err(Error::setting("damped", true, possible))
            }
            "picard" => Ok(WindowMethod::Picard {
                predictor: predictor.unwrap_or_default(),
                storage,
            }),
            "secant" if storage != Storage::Points => {
                let possible = "points, but for the window method picard";
                Err(Error::setting("storage", &self.storage, possible))
            }
            "secant" => Ok(WindowMethod::Secant {
                memory: self.memory,
                predictor,
                damped: self.damped,
            }),
            other => Err(Error::Name {
                what: "window method",
                found: other.to_owned(),
                known: "picard, secant".to_owned(),
            }),
        }
    }

    fn storage(&self) -> Result<Storage> {
        let at_once = self.at_once;
        match (self.storage.as_str(), at_once) {
            ("points", None) => Ok(Storage::Points),
            ("points", Some(count)) => {
                let possible = "left out, but for the storage velocities and bf16";
                Err(Error::setting("at_once", count, possible))
            }
            ("velocities", _) => Ok(Storage::Velocities { at_once }),
            ("bf16", _) => Ok(Storage::Bf16 { at_once }),
            (other, _) => Err(Error::Name {
                what: "storage",
                found: other.to_owned(),
                known: "points, velocities, bf16".to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_written_down_is_read_as_the_same() {
        let method = |method| Window {
            width: 5,
            tolerance: 1e-3,
            method,
            ..Window::default()
        };
        let bf16 = Storage::Bf16 { at_once: Some(2) };
        let kept = Storage::Velocities { at_once: None };
        let all = Predictor::ALL.iter().flat_map(|&predictor| {
            let stored = |storage| WindowMethod::Picard { predictor, storage };
            let secant = WindowMethod::Secant {
                memory: 4,
                predictor: Some(predictor),
                damped: predictor == Predictor::Copy,
            };
            [stored(Storage::Points), stored(kept), stored(bf16), secant]
        });
        let mut windows: Vec<Window> = all.map(method).collect();
        windows.push(Window {
            across_flows: true,
            relative_to: RelativeTo::Progress,
            velocity: Velocity::AsPrinted,
            ..method(WindowMethod::secant(7))
        });
        for window in windows {
            let form = WindowForm::from(window);
            assert_eq!(Window::try_from(form).unwrap(), window);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_by_its_name() {
        let refused = |form: WindowForm| Window::try_from(form).unwrap_err().to_string();
        let form = WindowForm::default;
        let model = WindowForm {
            predictor: Some("model".into()),
            ..form()
        };
        assert!(refused(model).contains("secant"));
        let memory = WindowForm {
            memory: 3,
            ..form()
        };
        assert!(refused(memory).contains("secant"));
        let damped = WindowForm {
            damped: true,
            ..form()
        };
        assert!(refused(damped).contains("secant"));
        let secant = || WindowForm {
            method: "secant".into(),
            ..form()
        };
        let stored = WindowForm {
            storage: "bf16".into(),
            ..secant()
        };
        assert!(refused(stored).contains("picard"));
        let at_once = WindowForm {
            at_once: Some(2),
            ..form()
        };
        assert!(refused(at_once).contains("storage"));
        let across = WindowForm {
            storage: "velocities".into(),
            across_flows: true,
            ..form()
        };
        assert!(refused(across).contains("within flows"));
        let name = WindowForm {
            storage: "f16".into(),
            ..form()
        };
        assert!(refused(name).contains("bf16"));
        let scale = WindowForm {
            relative_to: "norm".into(),
            ..form()
        };
        assert!(refused(scale).contains("size, progress"));
        let method = WindowForm {
            method: "newton".into(),
            ..form()
        };
        assert!(refused(method).contains("picard, secant"));
    }

    #[test]
    fn a_label_says_what_differs_from_the_usual_and_nothing_else() {
        let linear = WindowForm {
            window: 4,
            predictor: Some("linear-force".into()),
            ..WindowForm::default()
        };
        assert_eq!(linear.to_string(), "W=4 linear-force");
        let secant = WindowForm {
            window: 8,
            method: "secant".into(),
            memory: 10,
            predictor: Some(MODEL.into()),
            ..WindowForm::default()
        };
        assert_eq!(secant.to_string(), "W=8 secant M=10");
        let everything = WindowForm {
            damped: true,
            across_flows: true,
            relative_to: "progress".into(),
            storage: "forces".into(),
            at_once: Some(2),
            velocity: "literal".into(),
            ..secant
        };
        let said = "secant M=10 damped across forces by 2 τ of progress literal";
        assert_eq!(everything.guess(), said);
        let shown = Window::default().to_string();
        assert_eq!(shown, WindowForm::from(Window::default()).to_string());
    }
}
