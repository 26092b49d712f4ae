//! The settings that each service requires. The one-process form requires none.

use super::reader::Reader;
use crate::service::Service;

/// A required setting and why it is required.
type Need = (&'static str, &'static str);

const SHARED: [Need; 2] = [
    ("MONGODB_URI", "replicas share their documents; for example mongodb://localhost/collabry"),
    ("REDIS_URL", "replicas coordinate over it; for example redis://localhost"),
];
const SERVICE_SECRET: Need =
    ("COLLABRY_SERVICE_SECRET", "api and ai-engine trust each other by it; openssl rand -hex 32");
const JWT_SECRET: Need = ("COLLABRY_JWT_SECRET", "every api must sign with the same one; openssl rand -hex 32");
const ENGINES: Need =
    ("COLLABRY_ENGINE_URLS", "the ai-engines to ask; for example http://10.0.0.5:5100,http://10.0.0.6:5100");

pub(super) fn check(service: Service, read: &mut Reader<'_>) {
    let own: &[Need] = match service {
        Service::Api => &[JWT_SECRET, SERVICE_SECRET, ENGINES],
        Service::Engine => &[SERVICE_SECRET],
        Service::Worker => &[],
    };
    for (variable, why) in SHARED.iter().chain(own) {
        read.require(variable, why);
    }
}
