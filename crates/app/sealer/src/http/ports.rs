//! The ports that the sealer listens on.

use anyhow::Context;
use sealward_chassis::certificate::CertificateSlot;
use sealward_chassis::metrics::Metrics;
use sealward_chassis::readiness::Readiness;
use sealward_chassis::serve::{self, ServeOptions};
use sealward_chassis::tasks::Tasks;
use sealward_cluster::{Cluster, Right};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Api;
use super::tls::{CertificateFiles, TokenGate};
use crate::args::HttpArgs;

/// What is served where.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) api: Api,
    pub(crate) readiness: Readiness,
    pub(crate) metrics: Metrics,
    pub(crate) cluster: Cluster,
    pub(crate) stopping: CancellationToken,
}

impl Ports {
    /// Opens the ports that `args` name, and serves them as tasks.
    ///
    /// # Errors
    /// When an address cannot be bound; for the TLS port also when its files hold no certificate or the right
    /// to have tokens reviewed is missing.
    pub(crate) async fn open(self, args: HttpArgs, tasks: &mut Tasks) -> anyhow::Result<()> {
        let options = ServeOptions::default();
        let options =
            ServeOptions { header_timeout: options.header_timeout.min(args.read_timeout), ..options };
        let routes = self.api.router(None).merge(self.readiness.router());
        let listener = bind(&args.listen_addr).await?;
        tasks.vital("http", serve::http(listener, routes, options, self.stopping.clone()));
        let listener = bind(&args.listen_metrics_addr).await?;
        tasks.vital("metrics", serve::http(listener, self.metrics.router(), options, self.stopping.clone()));
        let (Some(address), Some(chain), Some(key)) =
            (args.listen_tls_addr, args.tls_cert_file, args.tls_private_key_file)
        else {
            return Ok(());
        };
        self.open_tls(&address, CertificateFiles { chain, key }, args.tls_token_audience, options, tasks)
            .await
    }

    async fn open_tls(
        self,
        address: &str,
        files: CertificateFiles,
        audience: Option<String>,
        options: ServeOptions,
        tasks: &mut Tasks,
    ) -> anyhow::Result<()> {
        let right = Right {
            verb: "create",
            group: "authentication.k8s.io",
            resource: "tokenreviews",
            namespace: None,
        };
        anyhow::ensure!(
            self.cluster.may(&right).await?,
            "--listen-tls-addr needs the right to create tokenreviews.authentication.k8s.io: bind this service \
             account to ClusterRole system:auth-delegator, or leave the flag out"
        );
        let slot = CertificateSlot::empty();
        files.load(&slot).await.context("the certificate of the TLS port")?;
        let gate = TokenGate { cluster: self.cluster, audience };
        let routes = self.api.router(Some(gate)).merge(self.readiness.router());
        let listener = bind(address).await?;
        tasks.vital("https", serve::https(listener, routes, slot.clone(), options, self.stopping));
        tasks.vital_until_stopped("certificate", files.follow(slot));
        Ok(())
    }
}

async fn bind(address: &str) -> anyhow::Result<TcpListener> {
    // Bitnami's flags are Go's, where `:8080` is every address.
    let listener = match address.strip_prefix(':') {
        Some(port) => listen_everywhere(port).await,
        None => TcpListener::bind(address).await,
    };
    let form = if address.contains(':') { "" } else { ", which is not of the form HOST:PORT or :PORT" };
    listener.with_context(|| format!("cannot listen on {address}{form}"))
}

/// IPv6 and with it IPv4, or where there is no IPv6, IPv4 alone.
async fn listen_everywhere(port: &str) -> std::io::Result<TcpListener> {
    match TcpListener::bind(format!("[::]:{port}")).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
    }
}
