# Redis as Debian has it, in place of the official image.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY docker/build/apt.sh /build/
RUN /build/apt.sh install redis-server
USER redis
WORKDIR /tmp
