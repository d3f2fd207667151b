//! Lists of bytes as JSON: in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

pub fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|bytes| STANDARD.encode(bytes)))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    let list: Vec<String> = Vec::deserialize(deserializer)?;
    list.iter().map(|text| STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))).collect()
}
