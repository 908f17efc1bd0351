//! How much a quota allows in which interval: `Allow`, `Interval` and `TimeUnit`, each with a literal, a reference, or
//! both; a reference that resolves goes before the literal (Apigee: "Quota policy").

use dormouse_bundle::{Element, Problem};
use dormouse_flow::{QuotaUnit, Text, Transaction, Value, Variable};

/// The limits as they stand in a policy, or in its `DefaultConfig`.
pub(crate) struct Limits {
    count: Count,
    classes: Option<Classes>,
    interval: Setting<u32>,
    unit: Setting<QuotaUnit>,
}

/// The limits of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// What an interval may hold.
    pub(crate) allowed: u64,
    /// The class of the request, and whether it has a limit of its own.
    pub(crate) class: Option<(Text, bool)>,
    /// How many units an interval has.
    pub(crate) interval: u32,
    /// What intervals are counted in.
    pub(crate) unit: QuotaUnit,
}

/// Why a quota could not be counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuotaFault {
    #[error("Failed to resolve quota interval reference {0} in quota policy")]
    FailedToResolveQuotaIntervalReference(Text),
    #[error("Failed to resolve quota time unit reference {0} in quota policy")]
    FailedToResolveQuotaIntervalTimeUnitReference(Text),
    #[error("Invalid message weight value {0}")]
    InvalidMessageWeight(Text),
    #[error("Invalid quota interval {0} in quota policy")]
    InvalidQuotaInterval(Text),
    #[error("Invalid quota time unit {0} in quota policy")]
    InvalidQuotaTimeUnit(Text),
}

struct Count {
    reference: Option<Variable>,
    literal: u64,
}

/// `Allow/Class`
struct Classes {
    reference: Variable,
    counts: Vec<(Text, Count)>,
}

struct Setting<T> {
    reference: Option<Variable>,
    literal: Option<T>,
}

impl Limits {
    /// Reads `Allow`, `Interval` and `TimeUnit` among the children of an element.
    pub(crate) fn compile(parent: &Element, policy: &str, problems: &mut Vec<Problem>) -> Self {
        let allows: Vec<_> = parent.elements_named("Allow").collect();
        let allow = allows.iter().find(|allow| allow.element("Class").is_none()).or(allows.first());
        let class = allows.iter().find_map(|allow| allow.element("Class"));
        let mut invalid = |setting: &str, text: &dormouse_bundle::SourceText, help: &str| {
            let (code, name) = match setting {
                "interval" => ("invalid-quota-interval", "InvalidQuotaInterval"),
                _ => ("invalid-quota-time-unit", "InvalidQuotaTimeUnit"),
            };
            let text_shown = text.as_str();
            let message =
                format!("invalid quota {setting} {text_shown} in quota policy {policy} (Apigee: {name})");
            problems.push(Problem::error(code, message).at(text.span()).help(help));
        };
        let interval = Setting::compile(parent.element("Interval"), interval, |text| {
            invalid("interval", text, "write a whole number from 1 on");
        });
        let unit = Setting::compile(parent.element("TimeUnit"), QuotaUnit::parse, |text| {
            invalid("time unit", text, "use second, minute, hour, day, week or month");
        });
        Self {
            count: allow.map_or_else(Count::default, |allow| Count::compile(allow, problems)),
            classes: class.and_then(|class| Classes::compile(class, problems)),
            interval,
            unit,
        }
    }

    /// Limits that variables hold, and nothing else.
    pub(crate) fn of_variables(limit: &str, interval: &str, unit: &str) -> Self {
        let parse = |name| Some(Variable::parse(name));
        Self {
            count: Count { reference: parse(limit), ..Count::default() },
            classes: None,
            interval: Setting { reference: parse(interval), literal: None },
            unit: Setting { reference: parse(unit), literal: None },
        }
    }

    /// Whether there is something that may give the interval and its unit.
    pub(crate) fn is_complete(&self) -> bool {
        self.interval.is_given() && self.unit.is_given()
    }

    /// Whether the variables of the three exist now.
    pub(crate) fn is_resolved(&self, transaction: &Transaction) -> bool {
        let exists = |variable: &Option<Variable>| {
            variable.as_ref().is_some_and(|variable| !transaction.read(variable).is_null())
        };
        self.count.referred(transaction).is_some()
            && exists(&self.interval.reference)
            && exists(&self.unit.reference)
    }

    /// The limits of a request.
    ///
    /// # Errors
    /// An interval or unit that neither a variable nor a literal gives, or that is none.
    pub(crate) fn resolve(&self, transaction: &Transaction) -> Result<Resolved, QuotaFault> {
        let interval = self.interval.resolve(transaction, interval, QuotaFault::InvalidQuotaInterval)?;
        let unit = self.unit.resolve(transaction, QuotaUnit::parse, QuotaFault::InvalidQuotaTimeUnit)?;
        let interval = interval.ok_or_else(|| {
            QuotaFault::FailedToResolveQuotaIntervalReference(self.interval.reference_name())
        })?;
        let unit = unit.ok_or_else(|| {
            QuotaFault::FailedToResolveQuotaIntervalTimeUnitReference(self.unit.reference_name())
        })?;
        let class = self.classes.as_ref().and_then(|classes| {
            let class = transaction.text(&classes.reference)?;
            let count = classes.counts.iter().find(|(name, _)| *name == class);
            Some((class, count.map(|(_, count)| count.resolve(transaction))))
        });
        let of_class = class.as_ref().and_then(|(_, count)| *count);
        Ok(Resolved {
            allowed: of_class.unwrap_or_else(|| self.count.resolve(transaction)),
            class: class.map(|(class, count)| (class, count.is_some())),
            interval,
            unit,
        })
    }
}

impl Default for Count {
    fn default() -> Self {
        Self { reference: None, literal: COUNT_DEFAULT }
    }
}

impl Count {
    /// The number stands in an attribute, or is the text.
    fn compile(allow: &Element, problems: &mut Vec<Problem>) -> Self {
        let attribute = allow.attribute("count").map(|attribute| attribute.value.trimmed());
        let text = attribute.unwrap_or_else(|| allow.text().trimmed());
        let literal = if text.as_str().is_empty() {
            COUNT_DEFAULT
        } else {
            text.as_str().parse().unwrap_or_else(|_| {
                let message = format!("{} is no number of requests", text.as_str());
                let problem = Problem::error("invalid-quota-count", message).at(text.span());
                problems.push(problem.help("write a whole number that is not negative"));
                COUNT_DEFAULT
            })
        };
        Self { reference: reference(allow, "countRef"), literal }
    }

    /// The number that the variable holds, if it is one.
    fn referred(&self, transaction: &Transaction) -> Option<u64> {
        let value = transaction.read(self.reference.as_ref()?);
        value.as_i64().and_then(|count| u64::try_from(count).ok())
    }

    fn resolve(&self, transaction: &Transaction) -> u64 {
        self.referred(transaction).unwrap_or(self.literal)
    }
}

impl Classes {
    fn compile(class: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(reference) = reference(class, "ref") else {
            let problem = Problem::error("quota-class-without-reference", "Class names no variable");
            problems.push(problem.at(class.name_span.clone()).help("add the attribute ref"));
            return None;
        };
        let allow = |allow: &Element| {
            let name = Text::from(allow.attribute_value("class")?.trim());
            Some((name, Count::compile(allow, problems)))
        };
        let counts = class.elements_named("Allow").filter_map(allow).collect();
        Some(Self { reference, counts })
    }
}

impl<T: Copy> Setting<T> {
    fn compile(
        element: Option<&Element>,
        parse: impl Fn(&str) -> Option<T>,
        invalid: impl FnOnce(&dormouse_bundle::SourceText),
    ) -> Self {
        let Some(element) = element else { return Self { reference: None, literal: None } };
        let text = element.text().trimmed();
        let literal = parse(text.as_str());
        if literal.is_none() && !text.as_str().is_empty() {
            invalid(&text);
        }
        Self { reference: reference(element, "ref"), literal }
    }

    fn is_given(&self) -> bool {
        self.reference.is_some() || self.literal.is_some()
    }

    /// Nothing when there is neither variable nor literal.
    fn resolve(
        &self,
        transaction: &Transaction,
        parse: impl Fn(&str) -> Option<T>,
        invalid: impl FnOnce(Text) -> QuotaFault,
    ) -> Result<Option<T>, QuotaFault> {
        let value = self.reference.as_ref().map_or(Value::Null, |variable| transaction.read(variable));
        let Some(text) = transaction.text_of(value) else { return Ok(self.literal) };
        parse(text.trim()).map(Some).ok_or_else(|| invalid(text))
    }

    fn reference_name(&self) -> Text {
        self.reference.as_ref().map(|variable| variable.name().clone()).unwrap_or_default()
    }
}

impl QuotaFault {
    /// The error code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::FailedToResolveQuotaIntervalReference(_) => {
                "policies.ratelimit.FailedToResolveQuotaIntervalReference"
            }
            Self::FailedToResolveQuotaIntervalTimeUnitReference(_) => {
                "policies.ratelimit.FailedToResolveQuotaIntervalTimeUnitReference"
            }
            Self::InvalidMessageWeight(_) => "policies.ratelimit.InvalidMessageWeight",
            Self::InvalidQuotaInterval(_) => "policies.ratelimit.InvalidQuotaInterval",
            Self::InvalidQuotaTimeUnit(_) => "policies.ratelimit.InvalidQuotaTimeUnit",
        }
    }

    /// The text for people.
    pub(crate) fn text(&self, policy: &str) -> String {
        match self {
            Self::InvalidMessageWeight(_) => self.to_string(),
            Self::FailedToResolveQuotaIntervalReference(name)
            | Self::FailedToResolveQuotaIntervalTimeUnitReference(name)
                if name.is_empty() =>
            {
                format!("Neither the quota policy {policy} nor an API product gives the interval")
            }
            _ => format!("{self} {policy}"),
        }
    }
}

/// The variable that an attribute names.
pub(super) fn reference(element: &Element, attribute: &str) -> Option<Variable> {
    let name = element.attribute_value(attribute).map(str::trim).filter(|name| !name.is_empty())?;
    Some(Variable::parse(name))
}

fn interval(text: &str) -> Option<u32> {
    text.parse().ok().filter(|interval| *interval > 0)
}

/// What Apigee allows when nothing says how much.
const COUNT_DEFAULT: u64 = 2_000;
