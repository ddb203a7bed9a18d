"""Texts with a secret planted in them, one for each form in which secrets stand in logs, answers and files."""

from __future__ import annotations

import base64
import json
import re

SECRET = "Xk29fjq0Zr7w"
UUID = "7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB" + SECRET + "AoGCCqGSM49\nAwEHoUQDQgAE" + SECRET + "\n-----END EC PRIVATE KEY-----"
JWT = f"eyJhbGciOiJSUzI1NiJ9.eyJ{SECRET}pc3MiOiJub21hZCJ9.c2ln{SECRET}bmF0dXJl"
PLANTED = {
    "url": f'level=INFO msg="cannot connect to consul: Get \\"http://:{SECRET}@127.0.0.1:8500/v1/kv\\": refused"',
    "url with a user": f"postgres://navidrome:{SECRET}@db.example:5432/music",
    "url with an at sign in the password": f"amqp://me:p@{SECRET}@mq.example",
    "query": f"GET /v1/agent/self?token={SECRET}&pretty",
    "query in the middle": f"GET /rest/ping?u=me&apiKey={SECRET}&v=1",
    "query within a query": f"GET /login?next=%2Fapi%3Ftoken%3D{SECRET}%26x",
    "header": f"X-Nomad-Token: {SECRET}",
    "header in a dump": f"map[Accept:[*/*] X-Consul-Token:[{SECRET}]]",
    "bearer": f"Authorization: Bearer {SECRET}",
    "basic": f"authorization: Basic {base64.b64encode(SECRET.encode()).decode()}",
    "authorization in JSON": f'{{"Authorization": ["Bearer {SECRET}"]}}',
    "bearer in a sentence": f"sent bearer {SECRET} to the server",
    "logfmt": f"level=info password={SECRET} user=me",
    "logfmt in quotes": f'level=info password="a {SECRET} b" user=me',
    "logfmt with punctuation": f"password={SECRET},;&{SECRET} next=1",
    "an escaped quote": f'password="a\\"{SECRET}"',
    "a quote that is cut off": f'password="a {SECRET}',
    "JSON": f'{{"client_secret": "{SECRET}", "x": 1}}',
    "JSON within JSON": json.dumps(json.dumps({"token": SECRET, "x": "y"})),
    "a list in JSON": f'{{"password": ["{SECRET}"], "x": 1}}',
    "a mapping in JSON": f'{{"db": {{"password": {{"value": "{SECRET}"}}}}}}',
    "a number in JSON": '{"password": 7116427, "x": 1}',
    "YAML": f"  password: correct {SECRET} horse",
    "YAML in single quotes": f"- db_password: 'a {SECRET}'",
    "HCL": f'encrypt = "{SECRET}=="\nencrypt_key = "{SECRET}"'.split("\n")[1],
    "environment": f"ND_SPOTIFY_SECRET={SECRET}",
    "camel case": f'"secretAccessKey":"{SECRET}"',
    "Go map": f"SecretID:{SECRET} Name:x",
    "Nomad's table": f"Secret ID    = {UUID}",
    "a token in a sentence": f"ACL token {UUID} not found",
    "flag": f"nomad job run -token {SECRET} job.hcl",
    "flag with an equals sign": f"consul members -token={SECRET}",
    "API key": f"api-key: {SECRET}",
    "PEM": f"loaded {PEM} from disk",
    "PEM that is cut off": PEM[: PEM.index("-----END")],
    "PEM of which the end is left": f"{SECRET}{SECRET}MHcCAQEEIB\n{SECRET}{SECRET}AwEHoU==\n-----END RSA PRIVATE KEY-----",
    "two PEM blocks, one without end": "-----BEGIN PRIVATE KEY-----\n" + SECRET * 3 + "\n" + PEM,
    "JWT": f"identity {JWT} rejected",
    "AWS": "key AKIAIOSFODNN7EXAMPLE used",
    "GitHub": "cloning with ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "the password of a setting": f"DB_PASS={SECRET}",
    "the password of a setting in YAML": f"SMTP_PASS: {SECRET}",
    "a setting in JSON": f'{{"smtpPass": "{SECRET} x"}}',
    "pass": f"user=me pass={SECRET} x=1",
    "pass in YAML": f"  pass: {SECRET}",
    "pass in a query": f"POST /login?u=me&pass={SECRET}&v=1",
    "Redis": f"requirepass {SECRET}",
    "a replica of Redis": f'masterauth "{SECRET}"',
    "sshpass": f"sshpass -p {SECRET} ssh n2",
    "auth": f"auth: {SECRET}",
    "a master key": f"MasterKey={SECRET}",
    "Rails": f"SECRET_KEY_BASE={SECRET}",
    "a numbered password": f"REDIS_PASSWORD_2: {SECRET}",
    "OpenID": f"client_secret_post={SECRET}",
    "Go's MySQL": f"cannot open user:{SECRET}@tcp(db:3306)/music",
    "Go's MySQL with signs": f"cannot open user:a/b:c@{SECRET}@tcp(db:3306)/music",
    "curl": f"exec curl -s -u admin:{SECRET} http://h/x",
    "curl, in words of JSON": json.dumps(["curl", "--user", f"admin:{SECRET}", "http://h/x"]),
    "url with a slash in the password": f"postgres://u:pa/{SECRET}@db.example/music",
    "cookie": f"Cookie: theme=dark1; session={SECRET}",
    "cookie that is set": f"Set-Cookie: sid={SECRET}; HttpOnly",
    "a signed URL": f"GET https://store.example/a?sv=2020&sig={SECRET}",
    "a signed URL of AWS": f"X-Amz-Signature={SECRET}",
    "a signed request of AWS": f"Authorization: AWS4-HMAC-SHA256 Credential=x, Signature={SECRET}{SECRET}",
    "a block of YAML": f"user: me\n  password: |\n    one {SECRET}\n\n    two {SECRET}\n  host: h",
    "JSON over two lines": f'"password":\n            "{SECRET}",',
    "JWT after a dash": f"token-{JWT}",
    "Vault": "lookup of hvs.CAESIJlU02yTGrLbHyoqkZyCAtDnwyO0Zr7w failed",
}
LEAKS = re.compile(
    re.escape(SECRET) + f"|{UUID}|AKIAIOSFODNN7|7116427|16C7e42F|CAESIJlU02|" + re.escape(base64.b64encode(SECRET.encode()).decode())
)
