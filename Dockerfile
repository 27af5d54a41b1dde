# The image contains the Debian package of gensetd on Debian's slim image, and nothing else.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/install-dependencies tools/
RUN tools/install-dependencies package
COPY CMakeLists.txt CMakePresets.json ./
COPY bench bench
COPY cmake cmake
COPY profiles profiles
COPY src src
COPY web web
# Without debugging information: the package is stripped anyway.
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build build/release --target gensetd
# After the build, so that a change of deploy/ does not repeat it.
COPY deploy deploy
RUN cmake --build build/release --target package && mv build/release/gensetd_*.deb /gensetd.deb

FROM debian:bookworm-slim
COPY --from=build /gensetd.deb /tmp/
# Boost's licences are megabytes of text, so they are compressed.
RUN useradd --system --uid 8010 --no-create-home --home-dir /var/lib/gensetd --shell /usr/sbin/nologin gensetd \
 && install -d -o gensetd -g gensetd -m 0750 /var/lib/gensetd \
 && apt-get update \
 && apt-get install -y --no-install-recommends /tmp/gensetd.deb \
 && gzip -9 /usr/share/doc/libboost-*/copyright \
 && apt-get clean \
 && rm -rf /tmp/gensetd.deb /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log
USER gensetd
# State directory: the SQLite file, unless DATABASE_URL names another database. Mount a volume here to keep it. Nothing else is written.
WORKDIR /var/lib/gensetd
ENV HTTP_LISTEN=0.0.0.0:8010 STATE_DIRECTORY=/var/lib/gensetd
EXPOSE 8010
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["gensetd", "health"]
ENTRYPOINT ["gensetd"]
CMD ["serve"]
