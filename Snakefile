"""Front door: configuration, stages in the order of data flow, and targets."""

import gc
import os
import sys

from snakemake.utils import min_version

from nbtrail.run import build_lock, client, done, invocation, warm

min_version("9.0")
# Looking for garbage takes a tenth of a start, and finds next to none.
gc.disable()

invocation.check(workflow, config)

client.keep_strangers_out()
os.environ[client.OWNER] = client.owner()

# That of another build is none of ours, and none reaches the nodes of a cluster.
if workflow.is_main_process or workflow.remote_exec:
    os.environ.pop(client.ADDRESS, None)

# The pods of profiles/kubernetes share a volume that holds this folder. Their executor takes it
# that nothing is shared, which would give every file another path, and so other bytes.
KUBERNETES = sys.modules.get("snakemake_executor_plugin_kubernetes")
if KUBERNETES:
    KUBERNETES.common_settings.implies_no_shared_fs = False


# Nothing here needs pandas, yet Snakemake (9.27) would import it to see whether a parameter is
# a table. None tells it that it need not look; what does need pandas is run as a job.
sys.modules.setdefault("pandas", None)


include: "rules/common.smk"
include: "rules/base.smk"
include: "rules/ingest.smk"
include: "rules/clean.smk"
include: "rules/analyse.smk"
include: "rules/claims.smk"
include: "rules/report.smk"
include: "rules/archive.smk"
include: "rules/sweep.smk"


done.only_if_well(VARIANTS)


rule all:
    default_target: True
    input:
        REPORT if WHOLE else [],
        pages_of(VARIANTS),
        figure_files(VARIANTS),
        MANIFESTS if WHOLE else [],
    message:
        "Everything is built"
        + (": " + " and ".join(REPORT) if WHOLE else f" for {', '.join(VARIANTS)}")
        + "."


rule report:
    input:
        REPORT,
    message:
        "The report is built: report/report.html and report/report.pdf."


# Before a build writes over outputs, and once they are there: `aidaudit diff` needs old ones.
onstart:
    build_lock.build()
    # It spares the controller of a cluster. Here its clock would have the scheduler look at all
    # that is ready once a second for each job that has ended, and would be waited for at the end.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    # `--config execution=plain` has each job import for itself what it needs; so do nodes.
    if (
        config.get("execution", "warm") == "warm"
        and workflow.is_main_process
        and workflow.resource_settings.nodes is None
    ):
        warm.begin()
    old_outputs.keep()


onsuccess:
    old_outputs.keep()


onerror:
    # What reads and runs notebooks takes a while to import, which every start would pay for.
    from nbtrail.run import notebooks

    for text in notebooks.failures("logs/notebooks"):
        print(f"\n{text}", file=sys.stderr)
