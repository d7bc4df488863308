# Two images: the function runner, and (the last stage, so the default one) that of the operator, the
# webhook, the controllers and porchctl.
#   docker build -t porch .
#   docker build -t porch-function-runner --target function-runner .
#
# Any base with Python 3.11 or newer, git and ssh will do; the build needs nothing that the package
# index does not have, so it also works with buildah where no container engine runs:
#   buildah build --build-arg BASE_IMAGE=python:3.13-slim-bookworm -t porch .
ARG BASE_IMAGE=python:3.13-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /src
RUN python3 -m venv /opt/porch
COPY requirements-run.lock pyproject.toml README.md LICENSE NOTICE ./
RUN /opt/porch/bin/pip install --no-cache-dir --require-hashes -r requirements-run.lock
COPY operator operator
COPY function_runner/porch_function_runner function_runner/porch_function_runner
RUN /opt/porch/bin/pip install --no-cache-dir --no-deps .

# Executables go into /functions: build on this image and copy them there, or mount a volume.
FROM ${BASE_IMAGE} AS function-runner
COPY --from=build /opt/porch /opt/porch
RUN mkdir /functions
# The root file system may be read-only: only /tmp is written to, by functions.
ENV PATH=/opt/porch/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
VOLUME ["/tmp"]
USER 65532:65532
EXPOSE 9445 9464
ENTRYPOINT ["porch-function-runner", "--functions=/functions"]

FROM ${BASE_IMAGE}
RUN if ! command -v git >/dev/null || ! command -v ssh >/dev/null; then \
        apt-get update && \
        apt-get install -y --no-install-recommends git openssh-client ca-certificates && \
        rm -rf /var/lib/apt/lists/*; \
    fi
# ssh does not run for a user without a name.
RUN echo "porch:x:65532:65532:porch:/tmp:/usr/sbin/nologin" >> /etc/passwd
COPY --from=build /opt/porch /opt/porch
# The root file system may be read-only: only these two are written to.
ENV PATH=/opt/porch/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PORCH_CACHE_DIRECTORY=/var/cache/porch
VOLUME ["/var/cache/porch", "/tmp"]
USER 65532:65532
ENTRYPOINT ["porch-operator"]
