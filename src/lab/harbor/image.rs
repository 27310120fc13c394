//! What lies behind a digest: a manifest's bytes and what they refer to.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::exchange::digest;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    pub digest: Arc<str>,
    pub size: u64,
    pub media_type: String,
}

/// One line of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub digest: Arc<str>,
    pub os: String,
    pub architecture: String,
}

/// A manifest or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub digest: Arc<str>,
    pub media_type: String,
    pub bytes: Vec<u8>,
    /// The config first, then the layers, in the manifest's order.
    pub blobs: Vec<Blob>,
    pub children: Vec<Child>,
    /// The digest of what this is an accessory of.
    pub subject: Option<Arc<str>>,
    pub artifact_type: String,
    /// The config blob, as far as it is known.
    pub config: Value,
}

impl Image {
    /// Reads a manifest as it was pushed. `config` is the content of its config blob where it is known.
    ///
    /// # Errors
    /// What a registry says of bytes that are no manifest.
    pub fn read(bytes: &[u8], content_type: &str, config: impl FnOnce(&str) -> Value) -> Result<Self, String> {
        let manifest: Value = serde_json::from_slice(bytes).map_err(|why| format!("manifest invalid: {why}"))?;
        if manifest["schemaVersion"] != json!(2) {
            return Err("unrecognized manifest schema version".into());
        }
        let blob = |value: &Value| {
            Some(Blob {
                digest: value["digest"].as_str()?.into(),
                size: value["size"].as_u64()?,
                media_type: value["mediaType"].as_str().unwrap_or("application/octet-stream").into(),
            })
        };
        let mut blobs: Vec<Blob> = blob(&manifest["config"]).into_iter().collect();
        blobs.extend(manifest["layers"].as_array().into_iter().flatten().filter_map(blob));
        let child = |value: &Value| {
            let platform = &value["platform"];
            Some(Child {
                digest: value["digest"].as_str()?.into(),
                os: platform["os"].as_str().unwrap_or_default().into(),
                architecture: platform["architecture"].as_str().unwrap_or_default().into(),
            })
        };
        let children = manifest["manifests"].as_array().into_iter().flatten().filter_map(child).collect();
        let config = blobs.first().map_or(Value::Null, |blob| config(&blob.digest));
        let own_type = manifest["config"]["mediaType"].as_str().unwrap_or_default();
        Ok(Self {
            digest: digest(bytes).into(),
            media_type: manifest["mediaType"].as_str().unwrap_or(content_type).into(),
            bytes: bytes.to_vec(),
            blobs,
            children,
            subject: manifest["subject"]["digest"].as_str().map(Into::into),
            artifact_type: manifest["artifactType"].as_str().unwrap_or(own_type).into(),
            config,
        })
    }

    /// An image of one layer, made for the lab: its digest is that of its bytes.
    #[must_use]
    pub fn made(config: &Value, layers: &[(Arc<str>, u64)]) -> Self {
        let content = config.to_string();
        let config_digest: Arc<str> = digest(content.as_bytes()).into();
        Self::of_parts(None, (config_digest, content.len() as u64), layers, config.clone())
    }

    /// An image of known parts; `known` is its digest where its bytes are not known to the letter.
    #[must_use]
    pub fn of_parts(known: Option<&str>, config: (Arc<str>, u64), layers: &[(Arc<str>, u64)], content: Value) -> Self {
        let part = |media_type: &str, digest: &str, size: u64| {
            format!("{{\"mediaType\": \"{media_type}\", \"digest\": \"{digest}\", \"size\": {size}}}")
        };
        let lines: Vec<String> = layers.iter().map(|(digest, size)| part(OCI_LAYER, digest, *size)).collect();
        let text = format!(
            "{{\"schemaVersion\": 2, \"mediaType\": \"{OCI_MANIFEST}\", \"config\": {}, \"layers\": [{}]}}",
            part(OCI_CONFIG, &config.0, config.1),
            lines.join(", ")
        );
        let mut blobs = vec![Blob { digest: config.0, size: config.1, media_type: OCI_CONFIG.into() }];
        blobs.extend(layers.iter().map(|(digest, size)| Blob { digest: Arc::clone(digest), size: *size, media_type: OCI_LAYER.into() }));
        Self {
            digest: known.map_or_else(|| digest(text.as_bytes()).into(), Into::into),
            media_type: OCI_MANIFEST.into(),
            bytes: text.into_bytes(),
            blobs,
            children: Vec::new(),
            subject: None,
            artifact_type: OCI_CONFIG.into(),
            config: content,
        }
    }

    /// An index over images; `known` as for [`Image::of_parts`], padded to `size` bytes where that is given.
    #[must_use]
    pub fn index(known: Option<&str>, children: &[(Child, u64)], size: Option<usize>) -> Self {
        let lines: Vec<String> = children
            .iter()
            .map(|(child, size)| {
                json!({"mediaType": OCI_MANIFEST, "digest": &*child.digest, "size": size,
                    "platform": {"architecture": child.architecture, "os": child.os}})
                .to_string()
            })
            .collect();
        let mut text = format!("{{\"schemaVersion\":2,\"mediaType\":\"{OCI_INDEX}\",\"manifests\":[{}]}}", lines.join(","));
        while size.is_some_and(|size| text.len() < size) {
            text.push('\n');
        }
        Self {
            digest: known.map_or_else(|| digest(text.as_bytes()).into(), Into::into),
            media_type: OCI_INDEX.into(),
            bytes: text.into_bytes(),
            blobs: Vec::new(),
            children: children.iter().map(|(child, _)| child.clone()).collect(),
            subject: None,
            artifact_type: String::new(),
            config: Value::Null,
        }
    }

    pub fn is_index(&self) -> bool {
        self.media_type == OCI_INDEX || self.media_type.ends_with("manifest.list.v2+json")
    }

    /// The manifest and its blobs, one named twice counted twice.
    pub fn own_size(&self) -> u64 {
        self.bytes.len() as u64 + self.blobs.iter().map(|blob| blob.size).sum::<u64>()
    }

    /// What Harbor shows of an image's config.
    pub fn attributes(&self) -> Value {
        let config = &self.config;
        let mut shown = json!({"architecture": config["architecture"], "author": config["author"].as_str().unwrap_or_default(),
            "created": config["created"], "os": config["os"]});
        if let (Some(inner), Value::Object(fields)) = (config.get("config"), &mut shown) {
            fields.insert("config".into(), inner.clone());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_made_here_is_read_back_the_same() {
        let made = Image::made(&json!({"os": "linux", "architecture": "amd64"}), &[("sha256:aa".into(), 7)]);
        let read = Image::read(&made.bytes, OCI_MANIFEST, |_| json!({"os": "linux", "architecture": "amd64"})).expect("a manifest");
        assert_eq!(read, made);
    }

    #[test]
    fn bytes_are_written_as_the_recorded_manifests_were() {
        let config = "sha256:64b87d745e28c982702bdcf93b80a6ffcca727f0847f4527aca7631f006fa6d0";
        let layer = "sha256:154c07cdaeeaae2a77d7013f23c54b75690692c0d1f460d4d16e30afa15ad19d";
        let image = Image::of_parts(None, (config.into(), 326), &[(layer.into(), 95)], Value::Null);
        assert_eq!(&*image.digest, "sha256:d641ca64d1d57bce5e5ab9e7ffaf92bf9dd6faefe9142e242477a4c1550c6ea7");
        assert_eq!(image.own_size(), 838);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        assert!(Image::read(b"{}", OCI_MANIFEST, |_| Value::Null).is_err());
        assert!(Image::read(b"\xff", OCI_MANIFEST, |_| Value::Null).is_err());
    }
}
