"""The native API: a file a resource."""

from web.api import deliveries, domains, events, jobs, keys, labels, link, links, me, results, webhooks

BLUEPRINTS = (
    jobs.blueprint,
    events.blueprint,
    results.blueprint,
    links.blueprint,
    link.blueprint,
    labels.groups,
    labels.tags,
    domains.blueprint,
    keys.blueprint,
    me.blueprint,
    webhooks.blueprint,
    deliveries.blueprint,
)
