# What stands in for MongoDB where there is none (docs/testing.md), built before by scripts/mongo-server.sh.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY docker/build/apt.sh /build/
RUN /build/apt.sh install default-jre-headless
COPY e2e/mongo-server/target/classes /opt/mongodb/classes
COPY e2e/mongo-server/target/dependency /opt/mongodb/dependency
RUN install -d -o daemon -g daemon /data/db
USER daemon
