//! This project's side of the protocol of bench/PROTOCOL.md: commands in, answers out, one line each.

use super::own::OwnContestant;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

/// Obeys commands until `quit` or the end of the input.
///
/// # Errors
/// If the contestant cannot even warm up, or the reader of the answers is gone.
pub fn serve(
    contestant: &OwnContestant,
    commands: impl BufRead,
    mut answers: impl Write,
) -> Result<()> {
    contestant.gradients(1).context("warming up")?;
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
        let answer = obey(contestant, &words)
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

fn obey(contestant: &OwnContestant, words: &[&str]) -> Result<Value> {
    match words {
        ["gradient", window, repeats] => {
            let seconds = contestant.time_gradient(number(window)?, number(repeats)?)?;
            Ok(json!({ "seconds": seconds }))
        }
        ["values", window] => {
            let gradients = contestant.gradients(number(window)?)?;
            Ok(json!({ "gradient": gradients.flatten_all()?.to_vec1::<f32>()? }))
        }
        ["flow"] => {
            let ran = contestant.flow()?;
            Ok(json!({ "seconds": ran.seconds, "point": ran.point, "rounds": ran.rounds }))
        }
        _ => bail!("the commands are: gradient W REPEATS, values W, flow, quit"),
    }
}

fn number(word: &str) -> Result<usize> {
    word.parse()
        .with_context(|| format!("`{word}` is no number"))
}
