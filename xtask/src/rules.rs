//! `cargo xtask rules`: writes `docs/rules.md` from the linter's rules. A test fails if the page is older than they.

use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// The line that the help shows.
pub(crate) const ABOUT: &str = "write docs/rules.md from the linter's rules";

/// Takes no argument.
pub(crate) fn run(arguments: &[String], output: &mut dyn Write) -> anyhow::Result<()> {
    anyhow::ensure!(arguments.is_empty(), "`rules` takes no argument");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules.md");
    std::fs::write(&path, dormouse_lint::rules_page()).with_context(|| path.display().to_string())?;
    writeln!(output, "wrote docs/rules.md")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_not_older_than_the_rules() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md");
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page == dormouse_lint::rules_page(), "run `cargo xtask rules`");
    }
}
