"""slack: the JSON of Slack's incoming webhooks, which Mattermost, Rocket.Chat and others take too."""

from backstamp.worker.channels.slack.sending import send

__all__ = ["send"]
