//! One HTML page for people who have neither a terminal nor the program: counts, findings with their lines, and the
//! rules behind them. It loads nothing, runs no script, and follows the reader's choice of light or dark.

use askama::Template;
use dormouse_bundle::{Level, Span};
use std::ops::Range;

use crate::finding::{Finding, RuleInfo};
use crate::path::repository_path;
use crate::report::{LEVELS, Report};
use crate::shown_line::shown_line;
use crate::visible::visible;

use super::text::conclusion;

pub(super) fn write(report: &Report<'_>, text: &mut String) {
    let page = Page {
        conclusion: conclusion(report),
        version: report.version,
        rules_looked_for: report.all_rules().len(),
        counts: counts(report),
        bundles: bundles(report),
        rules: found_rules(report),
    };
    // The only error is the writer's, and writing to a string cannot fail.
    let _ = page.render_into(text);
    text.push('\n');
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    conclusion: String,
    version: &'a str,
    rules_looked_for: usize,
    counts: Vec<Count>,
    bundles: Vec<Bundle>,
    rules: Vec<&'static RuleInfo>,
}

/// How often a rule found something, and a bar of it.
struct Count {
    rule: &'static RuleInfo,
    errors: usize,
    warnings: usize,
    infos: usize,
    segments: Vec<Segment>,
}

/// A part of a bar; numbers are per mille of the longest bar.
struct Segment {
    level: &'static str,
    x: usize,
    width: usize,
}

struct Bundle {
    name: String,
    entries: Vec<Entry>,
}

struct Entry {
    rule: &'static RuleInfo,
    level: &'static str,
    message: String,
    help: Option<String>,
    place: Option<Place>,
    fixes: Vec<(String, bool)>,
    related: Vec<(String, Place)>,
}

/// Where something is, and the line if it can be shown.
struct Place {
    name: String,
    excerpt: Option<Excerpt>,
}

struct Excerpt {
    number: usize,
    before: String,
    marked: String,
    after: String,
}

fn found_rules(report: &Report<'_>) -> Vec<&'static RuleInfo> {
    let found = |rule: &RuleInfo| report.findings.iter().any(|finding| finding.rule.code == rule.code);
    report.all_rules().into_iter().filter(|rule| found(rule)).collect()
}

fn counts(report: &Report<'_>) -> Vec<Count> {
    let of = |rule: &RuleInfo, level: Level| {
        report.findings.iter().filter(|it| it.rule.code == rule.code && it.level == level).count()
    };
    let counts: Vec<_> =
        found_rules(report).into_iter().map(|rule| (rule, LEVELS.map(|level| of(rule, level)))).collect();
    let longest = counts.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(0);
    counts
        .into_iter()
        .map(|(rule, counts)| {
            let [errors, warnings, infos] = counts;
            Count { rule, errors, warnings, infos, segments: segments(counts, longest) }
        })
        .collect()
}

fn segments(counts: [usize; 3], longest: usize) -> Vec<Segment> {
    let mut before = 0;
    let mut segments = Vec::new();
    for (level, count) in LEVELS.into_iter().zip(counts) {
        let edge = |count: usize| (count * BAR_WIDTH).checked_div(longest).unwrap_or(0);
        let (x, end) = (edge(before), edge(before + count));
        before += count;
        if count > 0 {
            segments.push(Segment { level: level.as_str(), x, width: end - x });
        }
    }
    segments
}

fn bundles(report: &Report<'_>) -> Vec<Bundle> {
    let found = report.by_bundle().into_iter().filter(|(_, findings)| !findings.is_empty());
    let bundle = |(name, findings): (&str, Vec<&Finding>)| Bundle {
        name: visible(name),
        entries: findings.into_iter().map(entry).collect(),
    };
    found.map(bundle).collect()
}

fn entry(finding: &Finding) -> Entry {
    Entry {
        rule: finding.rule,
        level: finding.level.as_str(),
        message: visible(&finding.message),
        help: finding.help.as_deref().map(visible),
        place: finding.span.as_ref().map(place),
        fixes: finding.fixes.iter().map(|fix| (visible(&fix.title), fix.safe)).collect(),
        related: finding.related.iter().map(|it| (visible(&it.message), place(&it.span))).collect(),
    }
}

fn place(span: &Span) -> Place {
    let start = span.start();
    let path = visible(&repository_path(&span.file.path));
    let excerpt = shown_line(span).map(|line| {
        let part = |range: Range<usize>| line.text.get(range).unwrap_or_default().to_owned();
        let length = line.text.len();
        Excerpt {
            number: line.number,
            before: part(0..line.marked.start),
            marked: part(line.marked.clone()),
            after: part(line.marked.end..length),
        }
    });
    Place { name: format!("{path}:{}:{}", start.line, start.column), excerpt }
}

const BAR_WIDTH: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{with_nasty_report, with_report};

    #[test]
    #[expect(clippy::too_many_lines, reason = "the snapshot shows the whole document")]
    fn the_page() {
        let mut text = String::new();
        with_report(|report| write(report, &mut text));
        let (_, body) = text.split_once("</style>").expect("a style");
        insta::assert_snapshot!(body, @r##"

        </head>
        <body>
        <header>
        <h1>Dormouse lint</h1>
        <p class="conclusion">1 error, 1 warning, 1 remark in 2 bundles, 2 suppressed</p>
        <p class="quiet">3 rules looked for; dormouse 1.2.3</p>
        </header>
        <main>
        <h2>Rules</h2>
        <div class="panel table">
        <table>
        <thead><tr><th scope="col">rule</th><th scope="col"></th><th scope="col" class="number">errors</th><th scope="col" class="number">warnings</th><th scope="col" class="number">remarks</th><th scope="col" class="bar"></th></tr></thead>
        <tbody>
        <tr>
        <th scope="row"><a href="#OAU001">OAU001</a></th>
        <td>refresh-never-redeemed</td>
        <td class="number">1</td>
        <td class="number">0</td>
        <td class="number">0</td>
        <td class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="error" x="0" width="1000" height="10"/></svg></td>
        </tr>
        <tr>
        <th scope="row"><a href="#OAU007">OAU007</a></th>
        <td>refresh-ttl-long</td>
        <td class="number">0</td>
        <td class="number">1</td>
        <td class="number">0</td>
        <td class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="warning" x="0" width="1000" height="10"/></svg></td>
        </tr>
        <tr>
        <th scope="row"><a href="#OAU016">OAU016</a></th>
        <td>operation-missing-or-invalid</td>
        <td class="number">0</td>
        <td class="number">0</td>
        <td class="number">1</td>
        <td class="bar"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="info" x="0" width="1000" height="10"/></svg></td>
        </tr>
        </tbody>
        </table>
        </div>
        <section>
        <h2>Bundle oauth</h2>
        <article class="panel">
        <h3><span class="level error">error</span> nobody redeems the refresh tokens that `Token` issues</h3>
        <p class="quiet"><a href="#OAU001">OAU001 refresh-never-redeemed</a></p>
        <p><code>api/oauth/apiproxy/policies/Token.xml:1:1</code></p>
        <pre><i>1  </i><mark>&#60;OAuthV2 name=&#34;Token&#34;&#62;</mark></pre>
        <p>Help: attach a RefreshAccessToken policy</p>
        <p class="quiet">it is attached here:</p>
        <p><code>api/oauth/apiproxy/proxies/default.xml:2:3</code></p>
        <pre><i>2  </i>  <mark>&#60;PreFlow/&#62;</mark></pre>
        </article>
        <article class="panel">
        <h3><span class="level warning">warning</span> refresh tokens never expire</h3>
        <p class="quiet"><a href="#OAU007">OAU007 refresh-ttl-long</a></p>
        <p><code>api/oauth/apiproxy/policies/Token.xml:3:26</code></p>
        <pre><i>3  </i>  &#60;RefreshTokenExpiresIn&#62;<mark>-1</mark>&#60;/RefreshTokenExpiresIn&#62;</pre>
        <p>Fix (needs review): set it to 30 days</p>
        <p>Fix: leave it</p>
        </article>
        </section>
        <section>
        <h2>Outside of bundles</h2>
        <article class="panel">
        <h3><span class="level info">info</span> cannot read b.zip: it is cut off</h3>
        <p class="quiet"><a href="#OAU016">OAU016 operation-missing-or-invalid</a></p>
        </article>
        </section>
        <section>
        <h2>What the rules say</h2>
        <details class="panel" id="OAU001">
        <summary><h3>OAU001 refresh-never-redeemed</h3><span>refresh tokens are issued that nobody redeems</span></summary>
        <p class="text">A policy issues refresh tokens &#38; no policy redeems them.</p>
        <p><strong>Why</strong></p>
        <p class="text">Each is kept until it expires.</p>
        <p><strong>Bad</strong></p>
        <pre>&#60;OAuthV2&#62;
          &#60;Operation&#62;GenerateAccessToken&#60;/Operation&#62;
        &#60;/OAuthV2&#62;</pre>
        <p><strong>Good</strong></p>
        <pre>&#60;OAuthV2&#62;
          &#60;Operation&#62;RefreshAccessToken&#60;/Operation&#62;
        &#60;/OAuthV2&#62;</pre>
        <p><strong>When to suppress</strong></p>
        <p class="text">When another gateway redeems them.</p>
        <p><a href="https://example.com/antipattern" rel="noreferrer">https://example.com/antipattern</a></p>
        </details>
        <details class="panel" id="OAU007">
        <summary><h3>OAU007 refresh-ttl-long</h3><span>refresh tokens live for long</span></summary>
        <p><a href="https://example.com/lifetime" rel="noreferrer">https://example.com/lifetime</a></p>
        </details>
        <details class="panel" id="OAU016">
        <summary><h3>OAU016 operation-missing-or-invalid</h3><span>the policy cannot be deployed</span></summary>
        </details>
        </section>
        </main>
        </body>
        </html>
        "##);
    }

    #[test]
    fn nothing_found_is_said() {
        let mut text = String::new();
        with_report(|report| write(&Report { findings: &[], suppressed: 0, ..*report }, &mut text));
        assert!(text.contains("nothing found in 2 bundles"), "{text}");
        assert!(!text.contains("<table"), "{text}");
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing() {
        for text in [text_of(with_report), text_of(with_nasty_report)] {
            for forbidden in ["<script", "<link", "<img", "@import", "url(", "src=", "<iframe", " onload"] {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
            assert!(text.contains("default-src 'none'"));
        }
    }

    fn text_of(with: fn(fn(&Report<'_>) -> String) -> String) -> String {
        with(|report| {
            let mut text = String::new();
            write(report, &mut text);
            text
        })
    }

    #[test]
    fn bars_are_as_long_as_their_counts() {
        let widths = |counts, longest| -> Vec<(usize, usize)> {
            segments(counts, longest).iter().map(|segment| (segment.x, segment.width)).collect()
        };
        assert_eq!(widths([1, 0, 2], 3), [(0, 333), (333, 667)]);
        assert_eq!(widths([0, 1, 0], 4), [(0, 250)]);
        assert_eq!(widths([0, 0, 0], 0), []);
    }
}
