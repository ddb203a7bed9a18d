# The collector as a periodic batch job of the cluster that it looks at. From the root of the repository (docs/deploy.md explains each):
#
#   nomad acl policy apply -namespace default -job collector collector deploy/nomad-policy.hcl
#   nomad var put nomad/jobs/collector consul_token=... smtp_password=...
#   nomad job run -var image=registry.example.org/collector:0.1.0 deploy/nomad/collector.nomad.hcl
#
# A cluster whose Nomad is down cannot run this job: a dead man's switch (`report: [ping: {url: ...}]` in the spec) tells of that, from outside.

variable "image" {
  type        = string
  description = "The image that deploy/Dockerfile builds."
  default     = "collector:latest"
}

variable "spec" {
  type        = string
  description = "The collection spec, a file on the machine that runs `nomad job run`. What is mailed stands in its `report`."
  default     = "specs/navidrome.yml"
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

variable "smtp_url" {
  type        = string
  description = "smtp+starttls://user@host; empty sends no mail."
  default     = ""
}

variable "mail_from" {
  type        = string
  description = "One fixed sender: mails of one spec and sender are one thread, wherever the job runs."
  default     = ""
}

job "collector" {
  datacenters = var.datacenters
  type        = "batch"
  priority    = 80 # a cluster that is full is one to be diagnosed

  periodic {
    crons            = ["*/5 * * * *"]
    prohibit_overlap = true
    time_zone        = "UTC"
  }

  group "collector" {
    # A run that failed is not repeated: the next one comes in five minutes.
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }

    # Earlier runs. A host volume ties the job to the nodes that have it; with one such node the history is whole.
    volume "state" {
      type   = "host"
      source = "collector-state"
    }

    task "collector" {
      driver = "docker"

      config {
        image        = var.image
        network_mode = "host" # agents that listen on 127.0.0.1 can be asked, too
        entrypoint   = ["/bin/sh", "-c"]
        # A finding is an answer, not a failed job: only other exit codes than the verdicts' fail the allocation.
        args = ["collector diagnose ${NOMAD_TASK_DIR}/spec.yml --state /var/lib/collector; code=$?; [ $code -le 3 ] || exit $code"]
      }

      volume_mount {
        volume      = "state"
        destination = "/var/lib/collector"
      }

      # NOMAD_TOKEN is this task's own identity; the policy that is attached to the job says what it may do. No token is stored anywhere.
      identity {
        env = true
      }

      env {
        NOMAD_ADDR          = "http://${attr.unique.network.ip-address}:4646"
        CONSUL_HTTP_ADDR    = "127.0.0.1:8500"
        COLLECTOR_SMTP_URL  = var.smtp_url
        COLLECTOR_MAIL_FROM = var.mail_from
      }

      template {
        data        = file(var.spec)
        destination = "local/spec.yml"
        # The spec has {{ }} of its own.
        left_delimiter  = "<<<<"
        right_delimiter = ">>>>"
      }

      # The job may read its own variable without a policy. Without the variable there are no secrets, and the job runs all the same.
      template {
        data        = <<-EOT
          {{- if nomadVarExists "nomad/jobs/collector" }}{{ with nomadVar "nomad/jobs/collector" }}
          CONSUL_HTTP_TOKEN={{ .consul_token }}
          COLLECTOR_SMTP_PASSWORD={{ .smtp_password }}
          {{- end }}{{ end }}
        EOT
        destination = "secrets/environment"
        env         = true
      }

      resources {
        cpu    = 200
        memory = 192 # 1,000 nodes take 90 MB, 5,000 take 235: give it 320 for so many
      }
    }
  }
}
