# Prometheus as Debian has it, in place of the official image.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY docker/build/apt.sh /build/
RUN /build/apt.sh install prometheus && install -d -o prometheus -g prometheus /prometheus
USER prometheus
ENTRYPOINT ["prometheus"]
