// npm's samlp as an identity provider on a port of the loopback, for tests/judges/idp_samlp.py. The first line that it
// prints is its address. It is told over HTTP what its next response shall be like (POST /orders) and whom it encrypts to
// (POST /learn); it reads our AuthnRequests itself.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const samlp = require('samlp');

const [keyPath, certificatePath] = process.argv.slice(2);
const key = fs.readFileSync(keyPath, 'utf8');
const cert = fs.readFileSync(certificatePath, 'utf8');
const ENCRYPTIONS = {
  'aes128-cbc': 'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
  'aes256-cbc': 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  'aes128-gcm': 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  '3des': 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc',
};
const LIFETIME_SECS = 900;

let baseUrl = '';
let orders = {};
const certificates = {}; // entity ID → PEM

function options(sp, acs, relayState) {
  const encryption = orders.encrypt && {
    encryptionCert: certificates[sp],
    encryptionPublicKey: new crypto.X509Certificate(certificates[sp]).publicKey.export({ type: 'spki', format: 'pem' }),
    encryptionAlgorithm: ENCRYPTIONS[orders.encrypt],
    disallowEncryptionWithInsecureAlgorithm: false,
    warnOnInsecureEncryptionAlgorithm: false,
  };
  return {
    issuer: `${baseUrl}/metadata`,
    key,
    cert,
    signResponse: orders.sign === 'response' || orders.sign === 'both',
    signAssertion: orders.sign === 'assertion' || orders.sign === 'both',
    signatureAlgorithm: orders.signature,
    digestAlgorithm: orders.signature === 'rsa-sha1' ? 'sha1' : 'sha256',
    audience: orders.wrong === 'audience' ? 'https://somebody-else.example/metadata' : sp,
    destination: acs,
    recipient: acs,
    inResponseTo: orders.wrong === 'in_response_to' ? '_somebody-elses-request' : undefined,
    lifetimeInSeconds: orders.wrong === 'expired' ? -LIFETIME_SECS : LIFETIME_SECS,
    authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    nameIdentifierFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    RelayState: relayState,
    getPostURL: (_audience, _request, _req, callback) => callback(null, acs),
    getUserFromRequest: () => ({
      id: orders.user,
      emails: [{ value: orders.user }],
      displayName: 'Ada Byron',
      name: { givenName: 'Ada', familyName: 'Byron' },
    }),
    ...encryption,
  };
}

// What samlp asks of express.
function expressed(req, res, url, body) {
  req.query = Object.fromEntries(url.searchParams);
  req.body = Object.fromEntries(new URLSearchParams(body));
  req.protocol = 'http';
  req.originalUrl = req.url;
  res.set = (name, value) => res.setHeader(name, value);
  res.send = (content) => res.end(content);
}

function failed(res, error) {
  res.statusCode = 500;
  res.end(String((error && error.stack) || error));
}

function answer(req, res, body) {
  const url = new URL(req.url, baseUrl);
  expressed(req, res, url, body);
  const fail = (error) => failed(res, error);
  switch (url.pathname) {
    case '/orders':
      orders = JSON.parse(body);
      return res.end('{}');
    case '/learn': {
      const learned = JSON.parse(body);
      certificates[learned.entity_id] = learned.certificate;
      return res.end('{}');
    }
    case '/metadata':
      return samlp.metadata({ issuer: `${baseUrl}/metadata`, cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso' })(req, res);
    case '/start':
      return samlp.auth(options(req.query.sp, req.query.acs, ''))(req, res, fail);
    case '/sso':
      return samlp.parseRequest(req, {}, (error, request) => {
        if (error || !request) return fail(error || 'no AuthnRequest');
        const relayState = req.query.RelayState || req.body.RelayState || '';
        return samlp.auth(options(request.issuer, request.assertionConsumerServiceURL, relayState))(req, res, fail);
      });
    default:
      res.statusCode = 404;
      return res.end();
  }
}

const server = http.createServer((req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    try {
      answer(req, res, Buffer.concat(chunks).toString());
    } catch (error) {
      failed(res, error);
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  baseUrl = `http://127.0.0.1:${server.address().port}`;
  console.log(baseUrl);
});
process.stdin.on('end', () => process.exit(0)).resume(); // ends with who started it
