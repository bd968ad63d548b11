//! `sealward policy build | test`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use sealward_api::{names, ruleset};
use sealward_diagnostic::Origin;
use sealward_document::{Node, yaml};
use sealward_files::{Folder, Limits};

use crate::failure::Failure;
use crate::output;
use crate::rule_set;

/// What is done with a folder of policies (`<category>/<rule>/rule.rego`).
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Prints the RuleSet object that a cluster takes.
    Build(Build),
    /// Runs the `test_` rules of each `rule_test.rego`.
    Test(Test),
}

/// Which folder, and what the object is called.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Folder of policies.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// Name of the RuleSet.
    #[arg(long, default_value = "sealward")]
    name: String,
}

/// Which folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// Folder of policies.
    #[arg(default_value = "policies")]
    folder: PathBuf,
}

/// Does what the verb says.
pub(crate) fn run(verb: Verb) -> Result<ExitCode, Failure> {
    match verb {
        Verb::Build(args) => build(args),
        Verb::Test(args) => test(args),
    }
}

fn build(args: Build) -> Result<ExitCode, Failure> {
    let Build { folder, name } = args;
    let specs = rule_set::from_folder(&folder)?;
    let digest = rule_set::compile(&specs)?.digest().to_owned();
    let [spec] = specs.as_slice() else { return Err(Failure::of("the folder makes no single rule set")) };
    let object = serde_json::json!({
        "apiVersion": format!("{}/{}", names::GROUP, names::VERSION),
        "kind": ruleset::KIND,
        "metadata": { "name": name, "labels": { "app.kubernetes.io/name": "sealward" } },
        "spec": spec,
    });
    let node = Node::from_json(&object, &Origin::file("policies"));
    let text = yaml::write_redacted(std::slice::from_ref(&node));
    output::data(format!("# Made by `sealward policy build`; digest {digest}.\n{text}").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn test(args: Test) -> Result<ExitCode, Failure> {
    let Test { folder } = args;
    let listing = Folder::at(&folder, Limits::default())?.list(&[])?;
    let outcomes = sealward_policy::test::run(&listing.snapshot, "")?;
    let mut failed = 0_usize;
    for outcome in &outcomes {
        if !outcome.passed {
            failed += 1;
            let problem = outcome.error.as_deref().unwrap_or("not true");
            output::data(format!("{}: {}: {problem}\n", outcome.file, outcome.name).as_bytes())?;
        }
    }
    output::data(format!("{} passed, {failed} failed\n", outcomes.len() - failed).as_bytes())?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
