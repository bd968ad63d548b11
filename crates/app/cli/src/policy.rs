//! `sealward policy build | test`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use sealward_api::{names, ruleset};
use sealward_diagnostic::Origin;
use sealward_document::{Node, yaml};
use sealward_manifest::is_dns_subdomain;
use sealward_policy::{folder, test};

use crate::failure::Failure;
use crate::output;
use crate::rule_set::Policies;

/// What is done with a folder of policies (`<category>/<rule>/rule.rego`).
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Prints the RuleSet object that a cluster takes.
    Build(Build),
    /// Loads the rules, runs the `test_` rules of each `rule_test.rego`, and holds each sample
    /// (`samples/allow-*.yaml`, `samples/deny-*.yaml`) against the verdict that its name says.
    Test(Test),
}

/// Which folder, and what the object is called.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Folder of policies.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// Name of the RuleSet.
    #[arg(long, default_value = ruleset::NAME)]
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
    if !is_dns_subdomain(&name) {
        return Err(Failure::of(format!("{name:?} cannot be the name of an object"))
            .hint("lower-case letters, digits, - and . only, with a letter or digit at each end"));
    }
    let policies = Policies::at(&folder)?;
    let rules = policies.rules()?;
    let object = serde_json::json!({
        "apiVersion": format!("{}/{}", names::GROUP, names::VERSION),
        "kind": ruleset::KIND,
        "metadata": { "name": name, "labels": { "app.kubernetes.io/name": "sealward" } },
        "spec": policies.spec()?,
    });
    let node = Node::from_json(&object, &Origin::file("policies"));
    let text = yaml::write_redacted(std::slice::from_ref(&node));
    let digest = rules.compiled.digest();
    output::data(format!("# Made by `sealward policy build`; digest {digest}.\n{text}").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn test(args: Test) -> Result<ExitCode, Failure> {
    let Test { folder } = args;
    let policies = Policies::at(&folder)?;
    // Tests of rules that no cluster would take say nothing.
    let rules = policies.rules()?;
    let failure = |error| policies.failure(error);
    let mut outcomes = test::run(&policies.snapshot, "").map_err(failure)?;
    let samples = folder::samples(&policies.snapshot, "").map_err(failure)?;
    outcomes.extend(test::judge(&rules.compiled, &samples));
    if outcomes.is_empty() {
        return Err(Failure::of(format!("there is nothing to test in {}", folder.display()))
            .hint("write test_… rules in rule_test.rego, or samples/allow-….yaml and samples/deny-….yaml"));
    }
    let mut failed = 0_usize;
    for outcome in outcomes.iter().filter(|outcome| !outcome.passed) {
        failed += 1;
        let problem = outcome.error.as_deref().unwrap_or("not true");
        let file = folder.join(&outcome.file);
        output::data(format!("{}: {}: {problem}\n", file.display(), outcome.name).as_bytes())?;
    }
    output::data(format!("{} passed, {failed} failed\n", outcomes.len() - failed).as_bytes())?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
