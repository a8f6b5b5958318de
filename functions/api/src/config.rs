//! What the function is told by its environment.

use crieur_aws::{Environment, Settings};
use crieur_platforms::http::Endpoints;
use url::Url;

/// Everything that the function has to know before it can start.
#[derive(Debug, Clone)]
pub struct Config {
    /// How AWS is reached.
    pub settings: Settings,
    /// `CRIEUR_TABLE`: the name of the table.
    pub table: String,
    /// `CRIEUR_QUEUE_URL`: where due deliveries go.
    pub queue_url: String,
    /// `CRIEUR_MEDIA_BUCKET`: where files are.
    pub media_bucket: String,
    /// `CRIEUR_KEY_ID`: the key that seals tokens.
    pub sealing_key: String,
    /// `CRIEUR_ADMIN_SECRET`: where the administrator's key is.
    pub administrator_secret: String,
    /// `CRIEUR_PUBLIC_URL`: the API's own address, without a slash at its end. Absent: the one that a request came to.
    pub public_url: Option<String>,
    /// `CRIEUR_SANDBOX_URL`: the real networks, or the sandbox that stands in for them.
    pub networks: Endpoints,
}

impl Config {
    /// Reads it through `var`.
    ///
    /// # Errors
    /// Everything that is missing or wrong, one sentence each.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut environment = Environment::new(var);
        let settings = environment.settings();
        let table = environment.table();
        let queue_url = environment.queue_url();
        let media_bucket = environment.media_bucket();
        let sealing_key = environment.sealing_key();
        let administrator_secret = environment.administrator_secret();
        let public_url = environment.optional("CRIEUR_PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = public_url.as_deref().filter(|url| !is_web_address(url)) {
            environment
                .problem(format!("CRIEUR_PUBLIC_URL is `{url}`, not an address such as https://api.example.com"));
        }
        let networks = Endpoints::from_var(environment.optional("CRIEUR_SANDBOX_URL").as_deref());
        let networks = networks.unwrap_or_else(|problem| {
            environment.problem(format!("CRIEUR_SANDBOX_URL: {problem}"));
            Endpoints::Real
        });
        environment.finish(Self {
            settings,
            table,
            queue_url,
            media_bucket,
            sealing_key,
            administrator_secret,
            public_url,
            networks,
        })
    }
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once() {
        let set = [("AWS_REGION", "eu-west-3"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let wrong = [("CRIEUR_PUBLIC_URL", "api.example.com"), ("CRIEUR_SANDBOX_URL", "nowhere")];
        let var =
            |name: &str| set.iter().chain(&wrong).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let problems = Config::from_vars(var).expect_err("much is missing");
        for name in [
            "CRIEUR_TABLE",
            "CRIEUR_QUEUE_URL",
            "CRIEUR_MEDIA_BUCKET",
            "CRIEUR_KEY_ID",
            "CRIEUR_ADMIN_SECRET",
            "CRIEUR_PUBLIC_URL",
            "CRIEUR_SANDBOX_URL",
        ] {
            assert!(problems.iter().any(|problem| problem.contains(name)), "{name} in {problems:?}");
        }
    }
}
