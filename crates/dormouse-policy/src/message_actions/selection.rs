//! Which headers or parameters an action concerns: none, all, or those that are listed by name.

use super::text::boolean;
use dormouse_bundle::{Element, Problem};

/// What the element of a collection (`Headers`, `QueryParams`, `FormParams`) selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Selection {
    /// The element is absent.
    #[default]
    None,
    /// The element is empty.
    All,
    /// By name.
    Listed(Vec<Item>),
}

/// One header or parameter, or one of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: Box<str>,
    /// `name.N`, from 1.
    pub(super) number: Option<usize>,
}

impl Selection {
    /// Reads `<Headers/>` or `<Headers><Header name="a"/>…</Headers>`; an item whose text is `false` is left out.
    pub(super) fn compile(action: &Element, list: &str, item: &str, problems: &mut Vec<Problem>) -> Self {
        let mut found = Self::None;
        for list in action.elements_named(list) {
            let items: Vec<_> = list.elements_named(item).collect();
            if items.is_empty() {
                return Self::All;
            }
            let listed = items.into_iter().filter(|element| boolean(element));
            let listed = listed.filter_map(|element| Item::compile(element, problems));
            match &mut found {
                Self::Listed(earlier) => earlier.extend(listed),
                _ => found = Self::Listed(listed.collect()),
            }
        }
        found
    }
}

impl Item {
    fn compile(element: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        let attribute = element.attribute("name")?;
        let written = attribute.value.as_str().trim();
        let numbered =
            written.rsplit_once('.').and_then(|(name, number)| Some((name, number.parse::<i64>().ok()?)));
        let Some((name, number)) = numbered else { return Some(Self { name: written.into(), number: None }) };
        match usize::try_from(number) {
            Ok(number) if number > 0 => Some(Self { name: name.into(), number: Some(number) }),
            _ => {
                let message = format!("the index in {written} is not positive (Apigee: InvalidIndex)");
                problems.push(
                    Problem::error("invalid-index", message)
                        .at(attribute.value.span())
                        .help("values count from 1"),
                );
                None
            }
        }
    }
}
