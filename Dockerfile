# The image holds the Debian package of gensetd and nothing else that Debian's slim image has not.
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
# Without debugging information, which the package would be stripped of.
RUN cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O2 -DNDEBUG" && cmake --build build/release --target gensetd
# Behind the build, which then need not be repeated for them.
COPY deploy deploy
RUN cmake --build build/release --target package && mv build/release/gensetd_*.deb /gensetd.deb

FROM debian:bookworm-slim
COPY --from=build /gensetd.deb /tmp/
# Boost's licences are megabytes of text, so they are kept compressed.
RUN useradd --system --uid 8010 --no-create-home --home-dir /var/lib/gensetd --shell /usr/sbin/nologin gensetd \
 && install -d -o gensetd -g gensetd -m 0750 /var/lib/gensetd \
 && apt-get update \
 && apt-get install -y --no-install-recommends /tmp/gensetd.deb \
 && gzip -9 /usr/share/doc/libboost-*/copyright \
 && apt-get clean \
 && rm -rf /tmp/gensetd.deb /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log
USER gensetd
# The registry lies here unless DATABASE_URL says otherwise (then mount a volume); nothing else is written.
WORKDIR /var/lib/gensetd
ENV HTTP_LISTEN=0.0.0.0:8010 STATE_DIRECTORY=/var/lib/gensetd
EXPOSE 8010
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["gensetd", "health"]
ENTRYPOINT ["gensetd"]
CMD ["serve"]
