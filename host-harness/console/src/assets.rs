//! Style sheet, script and icon: in the program itself, at addresses that change with their content, so that browsers keep them
//! for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// Where they lie.
pub(crate) const FOLDER: &str = "/static/";

/// A file and its address.
pub(crate) struct Asset {
    /// Its name, with a digest of its content.
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Self {
        // Sixty bits tell the versions of one file apart.
        let digest = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
        let short: String = URL_SAFE_NO_PAD.encode(digest).chars().take(10).collect();
        Self { name: format!("{stem}.{short}.{ending}"), kind, content }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("{FOLDER}{}", self.name)
    }
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", "text/css; charset=utf-8", include_str!("static/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "js", "text/javascript; charset=utf-8", include_str!("static/console.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("static/icon.svg")));

/// Serves one of them.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.name == name) else {
        return Problem::no_page().into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, asset.content).into_response()
}
