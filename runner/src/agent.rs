//! The ssh agent of a trusted run's steps: it signs with the repository's deploy key, so that a step can clone its own
//! repository again, and never gives the key away.
//!
//! The protocol is draft-ietf-sshm-ssh-agent. Of it an agent here can two things: say which key it has, and sign a log-in
//! (RFC 4252, section 7) with it. Nothing else is signed: no commit, no file, no certificate.

use signature::Signer as _;
use ssh_key::encoding::{Decode as _, Encode as _};
use ssh_key::{PrivateKey, Signature};

// Section 5.1 of the draft.
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// `SSH_MSG_USERAUTH_REQUEST` of RFC 4252.
const USERAUTH_REQUEST: u8 = 50;
/// What it asks for: a log-in by a key, and OpenSSH's form of it that names the server's own key too.
const METHODS: [&str; 2] = ["publickey", "publickey-hostbound-v00@openssh.com"];

/// See the module.
pub struct Agent {
    key: PrivateKey,
    /// The public key as the protocol has it.
    public: Vec<u8>,
    comment: String,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("comment", &self.comment).finish_non_exhaustive()
    }
}

impl Agent {
    /// With a private key as OpenSSH writes it, and what it is called.
    ///
    /// # Errors
    /// It is no such key, or one of a kind that is not used here; what fails says nothing of it.
    pub fn new(key: &str, comment: String) -> Result<Agent, String> {
        let read = || {
            let key = PrivateKey::from_openssh(key.trim())?;
            let public = key.public_key().to_bytes()?;
            Ok::<_, ssh_key::Error>((key, public))
        };
        let (key, public) = read().map_err(|_| "the deploy key cannot be read".to_owned())?;
        Ok(Agent { key, public, comment })
    }

    /// The answer to a message, both without their length.
    pub fn answer(&self, message: &[u8]) -> Vec<u8> {
        match message {
            [REQUEST_IDENTITIES] => self.identities(),
            [SIGN_REQUEST, request @ ..] => self.sign(request),
            _ => None,
        }
        .unwrap_or_else(|| vec![FAILURE])
    }

    fn identities(&self) -> Option<Vec<u8>> {
        let mut answer = vec![IDENTITIES_ANSWER];
        1_u32.encode(&mut answer).ok()?;
        self.public.encode(&mut answer).ok()?;
        self.comment.encode(&mut answer).ok()?;
        Some(answer)
    }

    fn sign(&self, mut request: &[u8]) -> Option<Vec<u8>> {
        let key = Vec::<u8>::decode(&mut request).ok()?;
        let text = Vec::<u8>::decode(&mut request).ok()?;
        if key != self.public || !self.is_log_in(&text).unwrap_or(false) {
            return None;
        }
        let signature: Signature = self.key.try_sign(&text).ok()?;
        let mut answer = vec![SIGN_RESPONSE];
        signature.encode_vec().ok()?.encode(&mut answer).ok()?;
        Some(answer)
    }

    /// Is it what a client signs to log in with this key?
    fn is_log_in(&self, mut text: &[u8]) -> ssh_key::encoding::Result<bool> {
        let text = &mut text;
        let _session = Vec::<u8>::decode(text)?;
        let asks = u8::decode(text)? == USERAUTH_REQUEST;
        let _user = String::decode(text)?;
        let for_commands = String::decode(text)? == "ssh-connection";
        let method = String::decode(text)?;
        let signed = u8::decode(text)? == 1;
        let _algorithm = String::decode(text)?;
        let key = Vec::<u8>::decode(text)?;
        if method == METHODS[1] {
            let _server = Vec::<u8>::decode(text)?;
        }
        Ok(asks && for_commands && METHODS.contains(&method.as_str()) && signed && key == self.public && text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use signature::Verifier as _;
    use ssh_key::LineEnding;
    use ssh_key::private::Ed25519Keypair;

    fn agent(seed: u8) -> Agent {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
        Agent::new(&key.to_openssh(LineEnding::LF).unwrap(), "anna/app".to_owned()).unwrap()
    }

    fn log_in(agent: &Agent, method: &str, service: &str, rest: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        b"session".to_vec().encode(&mut text).unwrap();
        text.push(USERAUTH_REQUEST);
        for word in ["git", service, method] {
            word.encode(&mut text).unwrap();
        }
        text.push(1);
        "ssh-ed25519".encode(&mut text).unwrap();
        agent.public.encode(&mut text).unwrap();
        [&text, rest].concat()
    }

    fn asked(agent: &Agent, key: &[u8], text: &[u8]) -> Vec<u8> {
        let mut message = vec![SIGN_REQUEST];
        key.to_vec().encode(&mut message).unwrap();
        text.to_vec().encode(&mut message).unwrap();
        0_u32.encode(&mut message).unwrap();
        agent.answer(&message)
    }

    #[test]
    fn it_says_which_key_it_has_and_signs_a_log_in_with_it() {
        let agent = agent(1);
        let mut said = &agent.answer(&[REQUEST_IDENTITIES])[1..];
        assert_eq!(u32::decode(&mut said).unwrap(), 1);
        assert_eq!(Vec::<u8>::decode(&mut said).unwrap(), agent.public);
        assert_eq!(String::decode(&mut said).unwrap(), "anna/app");
        let mut host_key = Vec::new();
        agent.public.encode(&mut host_key).unwrap();
        for text in [log_in(&agent, METHODS[0], "ssh-connection", &[]), log_in(&agent, METHODS[1], "ssh-connection", &host_key)] {
            let answer = asked(&agent, &agent.public, &text);
            assert_eq!(answer[0], SIGN_RESPONSE);
            let signature = Vec::<u8>::decode(&mut &answer[1..]).unwrap();
            let signature = Signature::decode(&mut &signature[..]).unwrap();
            agent.key.public_key().key_data().verify(&text, &signature).unwrap();
        }
    }

    #[test]
    fn s65_it_signs_nothing_else_and_never_gives_the_key_away() {
        let agent = agent(1);
        let fine = log_in(&agent, METHODS[0], "ssh-connection", &[]);
        let other = self::agent(2);
        // A signed file (`ssh-keygen -Y sign`) begins with SSHSIG; the rest are log-ins that are none.
        let texts = [
            b"SSHSIG\0\0\0\x03git".to_vec(),
            Vec::new(),
            log_in(&agent, "hostbased", "ssh-connection", &[]),
            log_in(&agent, METHODS[0], "ssh-userauth", &[]),
            log_in(&agent, METHODS[0], "ssh-connection", b"more"),
            log_in(&agent, METHODS[1], "ssh-connection", &[]),
            log_in(&other, METHODS[0], "ssh-connection", &[]),
            fine[..fine.len() - 1].to_vec(),
        ];
        for text in texts {
            assert_eq!(asked(&agent, &agent.public, &text), [FAILURE], "{text:?}");
        }
        assert_eq!(asked(&agent, &other.public, &fine), [FAILURE]);
        // To add, remove, lock, extend; and what is no message.
        for first in (0..=255).filter(|first| *first != REQUEST_IDENTITIES) {
            assert_eq!(agent.answer(&[first]), [FAILURE], "{first}");
        }
        assert_eq!((agent.answer(&[]), agent.answer(&[REQUEST_IDENTITIES, 0])), (vec![FAILURE], vec![FAILURE]));
        assert_eq!(format!("{agent:?}"), r#"Agent { comment: "anna/app", .. }"#);
        assert_eq!(Agent::new("no key", String::new()).unwrap_err(), "the deploy key cannot be read");
    }
}
