// What in a container's environment tells that other replicas of it are likely.
// Law: only what all of them see alike. So nothing is asked of Docker's name server: it gives now the task's name and now the
// container's id, and the name of a service that Compose or Swarm have scaled is not known in its containers.

/** Platforms that run several copies of a container at will, by a variable that each of them sets. */
const platforms: Readonly<Record<string, string>> = {
  KUBERNETES_SERVICE_HOST: 'Kubernetes',
  POD_NAME: 'Kubernetes',
  POD_UID: 'Kubernetes',
  ECS_CONTAINER_METADATA_URI_V4: 'Amazon ECS',
  NOMAD_ALLOC_ID: 'Nomad',
  DYNO: 'Heroku',
  FLY_ALLOC_ID: 'Fly.io',
  FLY_MACHINE_ID: 'Fly.io',
  K_SERVICE: 'Cloud Run',
  RENDER_INSTANCE_ID: 'Render',
  RAILWAY_REPLICA_ID: 'Railway',
  CONTAINER_APP_REPLICA_NAME: 'Azure Container Apps',
  WEBSITE_INSTANCE_ID: 'Azure App Service',
  GAE_INSTANCE: 'Google App Engine',
};

/** Each a clause for people; none: nothing tells of other replicas. */
export function severalReplicas(
  environment: Readonly<Record<string, string | undefined>>,
  hostname: string,
): readonly string[] {
  const found = Object.entries(platforms)
    .filter(([variable]) => (environment[variable] ?? '') !== '')
    .map(([variable, platform]) => `${variable} is set, as by ${platform}`);
  // "web-1" of a StatefulSet, or of Swarm's template {{.Service.Name}}-{{.Task.Slot}}.
  if (/[-._]\d{1,4}$/.test(hostname)) found.push(`the host name "${hostname}" ends in an ordinal`);
  // "stack_web.1.mhml1gvvl65lw64wxi2r6k0ez" of {{.Task.Name}}; a global service has the node's id there.
  if (/\.(?:\d{1,4}|[\da-z]{25})\.[\da-z]{25}$/.test(hostname))
    found.push(`the host name "${hostname}" is that of a task of Docker Swarm`);
  return found;
}
