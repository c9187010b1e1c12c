// node-media-server 4: RTMP only, recording every stream by itself.
const [root, port, directory] = process.argv.slice(2);
const NodeMediaServer = require(`${root}/node_modules/node-media-server`);
new NodeMediaServer({
  bind: '127.0.0.1',
  rtmp: { port: Number(port) },
  auth: { play: false, publish: false },
  store: { path: `${directory}/store` },
  record: { auto: true, path: `${directory}/recordings` },
}).run();
