// node-media-server 2: RTMP only. It listens on every interface, so its
// listen() is bent to loopback. It records through a player (rtmpdump).
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, '127.0.0.1', ...rest);
};
const [root, port] = process.argv.slice(2);
const NodeMediaServer = require(`${root}/node_modules/node-media-server`);
new NodeMediaServer({
  logType: 2,
  rtmp: { port: Number(port), chunk_size: 60000, gop_cache: true, ping: 30, ping_timeout: 60 },
}).run();
