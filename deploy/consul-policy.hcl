agent_prefix "" {
  policy = "read"
}

key_prefix "litefs/" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}

service_prefix "" {
  policy = "read"
}

session_prefix "" {
  policy = "read"
}
