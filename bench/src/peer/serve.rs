//! Commands in, answers out: one line each, as every contender speaks.
//!
//! | command | answer |
//! |---|---|
//! | `gradient W REPEATS` | `{"seconds": …}`, of one |
//! | `values W` | `{"gradient": […]}`, W gradients one after the other |
//! | `flow` | `{"seconds": …, "loss": …, "rounds": …}`, of K flows from the start |
//! | `quit` | none |
//!
//! Before the first command `{"ready": true, …}` is said. What goes wrong with a command is
//! answered `{"error": …}`, and the next is waited for.

use super::contender::Contender;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// Obeys commands until `quit` or the end of the input.
///
/// # Errors
/// If the contender cannot even warm up, or the reader of the answers is gone.
pub fn serve(contender: &Contender, commands: impl BufRead, mut answers: impl Write) -> Result<()> {
    contender.gradients(1).context("warming up")?;
    let about = json!({
        "ready": true,
        "versions": format!("this project {}", env!("CARGO_PKG_VERSION")),
    });
    say(&mut answers, &about)?;
    for line in commands.lines() {
        let line = line.context("reading a command")?;
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["quit"] {
            break;
        }
        let answer = obey(contender, &words)
            .with_context(|| format!("obeying `{line}`"))
            .unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        say(&mut answers, &answer)?;
    }
    Ok(())
}

fn say(answers: &mut impl Write, answer: &Value) -> Result<()> {
    writeln!(answers, "{answer}")
        .and_then(|()| answers.flush())
        .context("answering")
}

fn obey(contender: &Contender, words: &[&str]) -> Result<Value> {
    match words {
        ["gradient", window, repeats] => {
            let seconds = contender.time_gradient(number(window)?, number(repeats)?)?;
            Ok(json!({ "seconds": seconds }))
        }
        ["values", window] => {
            let gradients = contender.gradients(number(window)?)?;
            Ok(json!({ "gradient": gradients.flatten_all()?.to_vec1::<f32>()? }))
        }
        ["flow"] => {
            let ran = contender.flow()?;
            Ok(json!({ "seconds": ran.seconds, "loss": ran.loss, "rounds": ran.rounds }))
        }
        _ => bail!("the commands are: gradient W REPEATS, values W, flow, quit"),
    }
}

fn number(word: &str) -> Result<usize> {
    word.parse()
        .with_context(|| format!("`{word}` is no number"))
}
