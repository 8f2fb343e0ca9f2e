# Three stages: "build" makes the program, "djsup" is what a Django project starts FROM, "example" is such a project.
#   docker build --target djsup -t djsup .        the base image
#   docker build -t djsup-example .               the example on it

FROM docker.io/library/node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Not "npm ci", which refuses a lock file that lacks the builds of a tool for other platforms.
RUN npm install --no-save --include=dev --include=optional --loglevel=error
COPY bin bin
COPY src src
COPY layers layers
RUN node_modules/.bin/node bin/build.ts
# A first line that names Node by its absolute path: no shell takes part in starting djsup.
RUN mkdir -p out/bin out/node_modules/@koromix \
    && cp node_modules/node-linux-*/bin/node bin/guard.* bin/run_guard.py out/bin/ \
    && cp -r dist layers package.json out/ \
    && cp -r node_modules/@koromix/koffi-linux-* out/node_modules/@koromix/ \
    && sed -i '1i #!/opt/djsup/bin/node' out/dist/main.cjs \
    && chmod 755 out/dist/main.cjs
# Node looks for compiled code under the number of the user it runs as: there it is the one below.
RUN for cache in out/dist/cache/*-0; do mv "$cache" "${cache%-0}-584792"; done

FROM docker.io/library/python:3.13-slim-trixie AS djsup
COPY --from=build /build/out /opt/djsup
RUN ln -s /opt/djsup/dist/main.cjs /usr/local/bin/djsup \
    && groupadd --gid 584792 _daemon_ \
    && useradd --uid 584792 --gid 584792 --home-dir /django --no-create-home --shell /usr/sbin/nologin _daemon_ \
    && python3 -m venv /django/venv \
    && python3 -m compileall -q /opt/djsup/bin \
    && mkdir -p /django/app /var/lib/djsup/default \
    && chown -R 584792:584792 /django /var/lib/djsup
# /dev/shm is writable even where the root file system is not.
ENV DJSUP_SOCKET=/dev/shm/djsup.socket PATH=/django/venv/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /django/app
# A number, so that Kubernetes can see that it is not root.
USER 584792:584792
EXPOSE 8000 9102
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["djsup", "health", "--level=alive"]
ENTRYPOINT ["djsup", "enter"]

FROM djsup AS example
COPY examples/hello/requirements.txt examples/hello/constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=584792:584792 examples/hello .
