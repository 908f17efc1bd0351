//! The tree of a Java pattern. Flags are resolved while parsing, so a node means the same wherever it stands.

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Alternation(Vec<Node>),
    Assertion(Assertion),
    Backreference {
        group: usize,
        fold: Fold,
    },
    /// A set of characters, as the content of brackets in the engines' syntax, brackets included.
    Class(String),
    Group(Group, Box<Node>),
    Literal(char, Fold),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        greed: Greed,
    },
    Sequence(Vec<Node>),
}

impl Node {
    /// The parts of a node.
    pub(super) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Alternation(nodes) | Self::Sequence(nodes) => nodes.iter().collect(),
            Self::Group(_, node) | Self::Repeat { node, .. } => vec![node],
            Self::Assertion(_) | Self::Backreference { .. } | Self::Class(_) | Self::Literal(..) => {
                Vec::new()
            }
        }
    }

    /// Whether it repeats something as often as the text allows, or nearly so.
    pub(super) fn is_long_loop(&self) -> bool {
        matches!(self, Self::Repeat { max, .. } if max.is_none_or(|max| max > 1_000))
    }

    /// Whether it only looks and never takes a character.
    pub(super) fn is_zero_width(&self) -> bool {
        match self {
            Self::Assertion(_) => true,
            Self::Group(group, _) => matches!(group, Group::LookAhead { .. } | Group::LookBehind { .. }),
            Self::Repeat { node, .. } => node.is_zero_width(),
            _ => false,
        }
    }
}

/// What stands in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Atomic,
    Capturing(Option<String>),
    LookAhead { negated: bool },
    LookBehind { negated: bool },
    Plain,
}

/// Which letters count as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    None,
    /// `(?i)`: those of ASCII.
    Ascii,
    /// `(?iu)`
    Unicode,
}

/// How much a repetition takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// What must hold at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    /// `^` outside multi-line mode, and `\A`.
    Start,
    /// `^` in multi-line mode.
    LineStart { unix: bool },
    /// `$` outside multi-line mode, and `\Z`.
    End { unix: bool },
    /// `$` in multi-line mode.
    LineEnd { unix: bool },
    /// `\z`
    VeryEnd,
    /// `\G`
    LastMatch,
    /// `\b`
    WordBoundary,
    /// `\B`
    NotWordBoundary,
}

/// The flags `idmsuxU`, as they stand at one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "Java's flags are independent of each other")]
pub(super) struct Flags {
    pub(super) case_insensitive: bool,
    pub(super) unix_lines: bool,
    pub(super) multiline: bool,
    pub(super) dotall: bool,
    pub(super) unicode_case: bool,
    pub(super) comments: bool,
    pub(super) unicode_class: bool,
}

impl Flags {
    pub(super) fn fold(self) -> Fold {
        match (self.case_insensitive, self.unicode_case || self.unicode_class) {
            (false, _) => Fold::None,
            (true, false) => Fold::Ascii,
            (true, true) => Fold::Unicode,
        }
    }
}
