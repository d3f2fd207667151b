//! The AWS credentials of the account `local`: those of a profile of whoever runs the server, named in its settings. Steps
//! of trusted runs get them, nobody else.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use std::time::Duration;

/// So long before they expire new ones are made. AWS's programs ask again up to 15 minutes before the end.
const AHEAD: Duration = Duration::from_secs(20 * 60);
/// How long keys that never expire are given out for before a program asks again.
const WHILE: Duration = Duration::from_secs(60 * 60);
/// The least pause between two readings of the profile.
const PAUSE: Duration = Duration::from_secs(60);

/// A profile of the AWS configuration files.
#[derive(Debug)]
pub struct Profile {
    name: String,
    provider: ProfileFileCredentialsProvider,
}

/// What a step is given.
#[derive(Clone)]
pub struct Credentials {
    /// What the container credentials endpoint answers.
    pub json: String,
    /// What of it must not be shown.
    pub secrets: Vec<Vec<u8>>,
    /// When new ones are due, from now.
    pub due_in: Duration,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("due_in", &self.due_in).finish_non_exhaustive()
    }
}

/// The answer of the endpoint, as AWS's programs read it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
}

impl Profile {
    /// The profile of that name; the files are where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say, else in `~/.aws`.
    pub fn new(name: String) -> Profile {
        let http = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let config = ProviderConfig::default().with_http_client(http);
        let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(&name).build();
        Profile { name, provider }
    }

    /// Its credentials at this moment: read from the files, or made by what they name (a role, a program).
    ///
    /// # Errors
    /// In words: the profile is missing, or AWS refuses.
    pub async fn credentials(&self) -> Result<Credentials, String> {
        let found = self.provider.provide_credentials().await.map_err(|error| {
            let words = aws_smithy_types::error::display::DisplayErrorContext(&error);
            format!("the AWS profile `{}` gives no credentials: {words}", self.name)
        })?;
        let expiry = found.expiry().map(DateTime::<Utc>::from);
        Ok(given(found.access_key_id(), found.secret_access_key(), found.session_token().unwrap_or_default(), expiry, Utc::now()))
    }
}

fn given(key: &str, secret: &str, token: &str, expiry: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Credentials {
    let expiration = expiry.unwrap_or(now + WHILE);
    let answer =
        Answer { access_key_id: key, secret_access_key: secret, token, expiration: expiration.to_rfc3339_opts(SecondsFormat::Secs, true) };
    let left = (expiration - now).to_std().unwrap_or_default();
    Credentials {
        json: serde_json::to_string(&answer).unwrap_or_default(),
        secrets: [key, secret, token].iter().filter(|text| !text.is_empty()).map(|text| text.as_bytes().to_vec()).collect(),
        due_in: left.saturating_sub(AHEAD).max(PAUSE),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn keys_that_last_are_given_out_by_the_hour_and_others_made_anew_in_time() {
        let now = "2026-11-21T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let lasting = given("AKIA", "secret", "", None, now);
        assert_eq!(lasting.json, r#"{"AccessKeyId":"AKIA","SecretAccessKey":"secret","Token":"","Expiration":"2026-11-21T13:00:00Z"}"#);
        assert_eq!((lasting.secrets.len(), lasting.due_in), (2, Duration::from_secs(40 * 60)));
        let short = given("ASIA", "secret", "token", Some(now + Duration::from_secs(600)), now);
        assert_eq!((short.secrets.len(), short.due_in), (3, PAUSE));
    }
}
