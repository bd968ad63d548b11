//! The renderers, by example.

use expect_test::{Expect, expect};

use crate::text::Style;
use crate::{Count, Diagnostic, Origin, Report, Rule, RuleSource, Severity, github, json, sarif, text};

const SOURCE: &str = "kind: Secret\nstringData:\n  password: hunter2\ntype: Opaque\n";

fn findings() -> Vec<Diagnostic> {
    let at = SOURCE.find("hunter2").unwrap();
    let secret = at..at + 7;
    let mut findings = vec![
        Diagnostic::warning("image/tag", Origin::file("apps/50%,a:b.yaml"), "mutable tag\nof an image"),
        Diagnostic::error("secret/plaintext", Origin::new("apps/db.yaml", 3, 13), "a Secret in plaintext")
            .hint("seal it with `sealward seal`\nand commit the result")
            .object("Secret web/db")
            .span(secret.clone())
            .excerpt(SOURCE, &[secret]),
    ];
    Diagnostic::sort(&mut findings);
    findings
}

fn check(render: impl Fn(&Report<'_>) -> String, diagnostics: &[Diagnostic], expect: &Expect) {
    let rules = [Rule {
        id: "secret/plaintext".into(),
        summary: "no Secret in plaintext".into(),
        description: Some("Base64 is no encryption.".into()),
        help_uri: Some("https://sealward.dev/rules/secret-plaintext".into()),
        severity: Severity::Error,
    }];
    let report = Report {
        tool: "sealward",
        version: "0.1.0",
        rule_set: Some(RuleSource { name: "built-in rules", digest: "sha256:ab" }),
        files: 7,
        rules: &rules,
        diagnostics,
    };
    let out = render(&report);
    assert!(!out.contains("hunter2"));
    expect.assert_eq(&out);
}

#[test]
fn text_frames_the_line() {
    check(
        |report| text::write(report, Style::Plain),
        &findings(),
        &expect![[r#"
            warning[image/tag]: mutable tag of an image
             --> apps/50%,a:b.yaml

            error[secret/plaintext]: a Secret in plaintext
             --> apps/db.yaml:3:13
              |
            2 | stringData:
            3 |   password: [redacted]
              |             ^^^^^^^^^^
            4 | type: Opaque
              |
              = object: Secret web/db
              = hint: seal it with `sealward seal`
                      and commit the result

            1 error and 1 warning in 2 files; looked at 7 files (built-in rules, sha256:ab)
        "#]],
    );
}

#[test]
fn text_says_when_there_is_nothing() {
    check(
        |report| text::write(report, Style::Plain),
        &[],
        &expect![[r#"
            no findings in 7 files (built-in rules, sha256:ab)
        "#]],
    );
}

#[test]
fn colour_only_adds_escapes() {
    let escape = |text: &str| {
        let mut plain = String::new();
        for (index, part) in text.split('\u{1b}').enumerate() {
            plain.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        plain
    };
    for found in findings() {
        assert_eq!(escape(&text::one(&found, Style::Colour)), text::one(&found, Style::Plain));
    }
}

#[test]
fn json_is_stable() {
    check(
        json::write,
        &findings(),
        &expect![[r#"
            {
              "diagnostics": [
                {
                  "column": 0,
                  "excerpt": null,
                  "hint": null,
                  "line": 0,
                  "message": "mutable tag\nof an image",
                  "object": null,
                  "path": "apps/50%,a:b.yaml",
                  "rule": "image/tag",
                  "severity": "warning",
                  "span": null
                },
                {
                  "column": 13,
                  "excerpt": {
                    "caret": {
                      "column": 13,
                      "line": 3,
                      "width": 10
                    },
                    "firstLine": 2,
                    "lines": [
                      "stringData:",
                      "  password: [redacted]",
                      "type: Opaque"
                    ]
                  },
                  "hint": "seal it with `sealward seal`\nand commit the result",
                  "line": 3,
                  "message": "a Secret in plaintext",
                  "object": "Secret web/db",
                  "path": "apps/db.yaml",
                  "rule": "secret/plaintext",
                  "severity": "error",
                  "span": {
                    "end": 44,
                    "start": 37
                  }
                }
              ],
              "filesRead": 7,
              "ruleSet": "sha256:ab",
              "ruleSource": "built-in rules",
              "summary": {
                "errors": 1,
                "files": 2,
                "notes": 0,
                "warnings": 1
              },
              "tool": {
                "name": "sealward",
                "version": "0.1.0"
              },
              "version": 1
            }
        "#]],
    );
}

#[test]
fn github_escapes_data_and_properties() {
    check(
        github::write,
        &findings(),
        &expect![[r#"
        ::warning file=apps/50%25%2Ca%3Ab.yaml,title=image/tag::mutable tag%0Aof an image
        ::error file=apps/db.yaml,line=3,col=13,title=secret/plaintext::a Secret in plaintext%0Aobject: Secret web/db%0Ahint: seal it with `sealward seal`%0Aand commit the result
    "#]],
    );
}

#[test]
fn sarif_lists_rules_and_results() {
    check(
        sarif::write,
        &findings(),
        &expect![[r#"
            {
              "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
              "runs": [
                {
                  "columnKind": "unicodeCodePoints",
                  "properties": {
                    "filesRead": 7,
                    "ruleSet": "sha256:ab",
                    "ruleSource": "built-in rules"
                  },
                  "results": [
                    {
                      "level": "warning",
                      "locations": [
                        {
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "apps/50%25%2Ca%3Ab.yaml",
                              "uriBaseId": "%SRCROOT%"
                            }
                          }
                        }
                      ],
                      "message": {
                        "text": "mutable tag\nof an image"
                      },
                      "partialFingerprints": {
                        "sealward/v1": "9d9e0a04084a7102111af8e38877b54d"
                      },
                      "ruleId": "image/tag",
                      "ruleIndex": 0
                    },
                    {
                      "level": "error",
                      "locations": [
                        {
                          "logicalLocations": [
                            {
                              "fullyQualifiedName": "Secret web/db"
                            }
                          ],
                          "physicalLocation": {
                            "artifactLocation": {
                              "uri": "apps/db.yaml",
                              "uriBaseId": "%SRCROOT%"
                            },
                            "region": {
                              "startColumn": 13,
                              "startLine": 3
                            }
                          }
                        }
                      ],
                      "message": {
                        "text": "a Secret in plaintext\nseal it with `sealward seal`\nand commit the result"
                      },
                      "partialFingerprints": {
                        "sealward/v1": "4ca5c66116e8244e7a502557fb535a74"
                      },
                      "ruleId": "secret/plaintext",
                      "ruleIndex": 1
                    }
                  ],
                  "tool": {
                    "driver": {
                      "informationUri": "https://github.com/sealward/sealward",
                      "name": "sealward",
                      "rules": [
                        {
                          "defaultConfiguration": {
                            "level": "warning"
                          },
                          "fullDescription": {
                            "text": "image/tag."
                          },
                          "help": {
                            "markdown": "image/tag",
                            "text": "image/tag"
                          },
                          "id": "image/tag",
                          "shortDescription": {
                            "text": "image/tag."
                          }
                        },
                        {
                          "defaultConfiguration": {
                            "level": "error"
                          },
                          "fullDescription": {
                            "text": "Base64 is no encryption."
                          },
                          "help": {
                            "markdown": "Base64 is no encryption.\n\n[More about `secret/plaintext`](https://sealward.dev/rules/secret-plaintext)",
                            "text": "Base64 is no encryption.\nSee https://sealward.dev/rules/secret-plaintext"
                          },
                          "helpUri": "https://sealward.dev/rules/secret-plaintext",
                          "id": "secret/plaintext",
                          "shortDescription": {
                            "text": "no Secret in plaintext."
                          }
                        }
                      ],
                      "version": "0.1.0"
                    }
                  }
                }
              ],
              "version": "2.1.0"
            }
        "#]],
    );
}

#[test]
fn sarif_fingerprints_survive_moved_lines_and_tell_twins_apart() {
    let prints = |diagnostics: &[Diagnostic]| -> Vec<String> {
        let report =
            Report { tool: "sealward", version: "0.1.0", rule_set: None, files: 1, rules: &[], diagnostics };
        let log: serde_json::Value = serde_json::from_str(&sarif::write(&report)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|found| found["partialFingerprints"]["sealward/v1"].to_string()).collect()
    };
    let at = |line| Diagnostic::error("a/b", Origin::new("f", line, 1), "wrong");
    assert_eq!(prints(&[at(1)]), prints(&[at(7)]));
    let twins = prints(&[at(1), at(2)]);
    assert_ne!(twins[0], twins[1]);
}

#[test]
fn counts_read_as_words() {
    let found = |severity| Diagnostic::new("r", severity, Origin::file("f"), "m");
    let check = |severities: &[Severity], text: &str| {
        let found: Vec<_> = severities.iter().map(|severity| found(*severity)).collect();
        assert_eq!(Count::of(&found).to_string(), text);
    };
    check(&[], "no findings");
    check(&[Severity::Error], "1 error in 1 file");
    check(&[Severity::Error, Severity::Error, Severity::Note], "2 errors and 1 note in 1 file");
    check(
        &[Severity::Error, Severity::Warning, Severity::Warning, Severity::Note],
        "1 error, 2 warnings and 1 note in 1 file",
    );
}
