//! The audit trail.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::{App, Fault, allow};
use crate::db::audit;
use crate::people::Caller;
use crate::view::{Audit, AuditLine, Problem};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// Lines of an answer.
const PAGE: i64 = 100;

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Below {
    /// Only numbers below this one.
    below: Option<i64>,
}

/// Who did what, newest first. For admins of this server.
#[utoipa::path(get, path = "/api/audit", params(Below), responses((status = 200, body = Audit), (status = 403, body = Problem)))]
pub async fn trail(State(app): State<App>, caller: Caller, Query(which): Query<Below>) -> Result<Json<Audit>, Fault> {
    allow::admin(&caller)?;
    let mut conn = app.db.read().await?;
    let mut lines = audit::list(&mut conn, which.below.unwrap_or(i64::MAX), PAGE + 1).await?;
    let more = lines.len() as i64 > PAGE;
    lines.truncate(PAGE as usize);
    Ok(Json(Audit { lines: lines.into_iter().map(AuditLine::from).collect(), more, damaged: audit::damaged(&mut conn).await? }))
}

impl From<audit::Line> for AuditLine {
    fn from(row: audit::Line) -> AuditLine {
        let audit::Line { number, at, person, who, what, target, address, sum: _ } = row;
        AuditLine { number, at, who, person, what, target, address }
    }
}
