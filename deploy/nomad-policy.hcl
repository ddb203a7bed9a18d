namespace "default" {
  # Tasks without isolation (raw_exec) need alloc-node-exec, too.
  capabilities = ["alloc-exec", "read-fs", "read-job", "read-logs"]
}

agent {
  policy = "read"
}

node {
  policy = "read"
}
