//! Aligned columns for a terminal; where it is too narrow for them, one value to a line.

/// Lays lines out under headings. The first `names` columns are read from the left, the others from the right.
pub(crate) fn columns(
    headings: &[&str],
    lines: &[Vec<String>],
    names: usize,
    width: Option<usize>,
) -> String {
    let count = |text: &str| text.chars().count();
    let widest =
        |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| count(cell)).max();
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| count(heading).max(widest(column).unwrap_or(0)))
        .collect();
    let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if width.is_some_and(|width| whole > width) {
        return blocks(headings, lines);
    }
    let aligned = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, (cell, width)) in cells.zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(count(cell)));
            let (left, right) = if column < names { (cell, &*pad) } else { (&*pad, cell) };
            line.extend([left, right, "  "]);
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    let mut text = aligned(&mut headings.iter().copied());
    text.extend(lines.iter().map(|line| aligned(&mut line.iter().map(String::as_str))));
    text
}

fn blocks(headings: &[&str], lines: &[Vec<String>]) -> String {
    let widest = headings.iter().map(|heading| heading.chars().count()).max().unwrap_or(0);
    let mut blocks = Vec::new();
    for line in lines {
        let entries = headings.iter().zip(line).filter(|(_, cell)| !cell.is_empty());
        blocks.push(
            entries
                .map(|(heading, cell)| format!("{heading:<widest$}  {cell}\n"))
                .collect::<Vec<_>>()
                .concat(),
        );
    }
    blocks.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(width: Option<usize>, expected: &str) {
        let lines = [vec!["web".to_owned(), "1000".to_owned()], vec!["m".to_owned(), String::new()]];
        assert_eq!(columns(&["client", "issued"], &lines, 1, width), expected);
    }

    #[test]
    fn columns_are_aligned_or_broken_up() {
        check(None, "client  issued\nweb       1000\nm\n");
        check(Some(14), "client  issued\nweb       1000\nm\n");
        check(Some(13), "client  web\nissued  1000\n\nclient  m\n");
    }
}
