// OpenSSL in front of a gateway without TLS: takes TLS and hands on what is in it. It says its port on stdout.
//
// node tls_front.js '{"port":9500,"version":"TLSv1.2","certificate":"-----BEGIN…","key":"-----BEGIN…","clients":null}'

import net from 'node:net';
import tls from 'node:tls';

const { port, version, certificate, key, clients } = JSON.parse(process.argv[2]);

const server = tls.createServer(
  {
    cert: certificate,
    key,
    minVersion: version,
    maxVersion: version,
    ...(clients && { ca: clients, requestCert: true, rejectUnauthorized: true }),
  },
  (outside) => {
    const inside = net.connect(port, '127.0.0.1');
    const end = () => {
      outside.destroy();
      inside.destroy();
    };
    outside.on('error', end);
    inside.on('error', end);
    inside.setNoDelay(true);
    outside.setNoDelay(true);
    outside.pipe(inside).pipe(outside);
  },
);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
