# syntax=docker/dockerfile:1
# The service for a PostgreSQL of your own (DATABASE_URL): the image brings no database.
ARG NODE_VERSION=22.21.1

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:${NODE_VERSION}-bookworm-slim
LABEL org.opencontainers.image.title="prediction-ledger" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data CHECKPOINT_STORE=/checkpoints/checkpoints.json
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist/src ./dist/src
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY policies ./policies
# All that is ever written: keys in /data, what was signed in /checkpoints. The rest may be mounted read-only.
RUN install --directory --owner=node --group=node --mode=0700 /data /checkpoints
VOLUME ["/data", "/checkpoints"]
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# Live, not ready: a log that has stopped still serves reads, and a restart would not mend it. Routing goes by /health/ready.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
