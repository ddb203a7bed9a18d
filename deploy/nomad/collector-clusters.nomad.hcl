# Many clusters from one place: each dispatch of this job looks at one cluster, and Nomad spreads the work over its nodes.
#
#   nomad var put nomad/jobs/collector-clusters nomad_token_berlin=... consul_token_berlin=... smtp_password=...
#   nomad job run -var image=registry.example.org/collector:0.1.0 deploy/nomad/collector-clusters.nomad.hcl
#   nomad job dispatch -id-prefix-template berlin -meta cluster=berlin -meta nomad_addr=https://nomad.berlin.example.org:4646 \
#     -meta consul_addr=https://consul.berlin.example.org:8501 collector-clusters specs/navidrome.yml
#
# The spec is the payload: each cluster can have its own. deploy/nomad/dispatch-clusters does this for a list of clusters.

variable "image" {
  type        = string
  description = "The image that deploy/Dockerfile builds."
  default     = "collector:latest"
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

variable "mail_domain" {
  type        = string
  description = "Mails come from CLUSTER@this, so that each cluster is a thread of its own."
  default     = "collector.example.org"
}

job "collector-clusters" {
  datacenters = var.datacenters
  type        = "batch"

  parameterized {
    payload       = "required"
    meta_required = ["cluster", "nomad_addr", "consul_addr"]
  }

  group "collector" {
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }

    # One volume that every node sees (NFS, CSI), or one node that has it: the history of a cluster is below it, by the cluster's name.
    volume "state" {
      type   = "host"
      source = "collector-state"
    }

    task "collector" {
      driver = "docker"

      config {
        image      = var.image
        entrypoint = ["/bin/sh", "-c"]
        # A finding is an answer, not a failed job: only other exit codes than the verdicts' fail the allocation.
        args = ["collector diagnose ${NOMAD_TASK_DIR}/spec.yml --state /var/lib/collector/${NOMAD_META_cluster}; code=$?; [ $code -le 3 ] || exit $code"]
      }

      dispatch_payload {
        file = "spec.yml"
      }

      volume_mount {
        volume      = "state"
        destination = "/var/lib/collector"
      }

      env {
        NOMAD_ADDR          = "${NOMAD_META_nomad_addr}"
        CONSUL_HTTP_ADDR    = "${NOMAD_META_consul_addr}"
        COLLECTOR_SMTP_URL  = var.smtp_url
        COLLECTOR_MAIL_FROM = "${NOMAD_META_cluster}@${var.mail_domain}"
      }

      # Tokens of the cluster that is looked at, from the job's own variable; each with the policies deploy/*-policy.hcl there.
      template {
        data        = <<-EOT
          {{- if nomadVarExists "nomad/jobs/collector-clusters" }}{{ with nomadVar "nomad/jobs/collector-clusters" }}
          NOMAD_TOKEN={{ index . (printf "nomad_token_%s" (env "NOMAD_META_cluster")) }}
          CONSUL_HTTP_TOKEN={{ index . (printf "consul_token_%s" (env "NOMAD_META_cluster")) }}
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
