"""Every metric of every service, one line of meaning each: the catalogue behind dashboards and alerts.

Base units (seconds, bytes), no ids and nothing of a customer in labels. A process shows what every service has and
what is its own: a gauge of a stranger, standing at zero, would trip that stranger's alert.
"""

from kaiwa.runtime.metrics.compliance import *
from kaiwa.runtime.metrics.dispatcher import *
from kaiwa.runtime.metrics.every import *
from kaiwa.runtime.metrics.ingest import *
from kaiwa.runtime.metrics.registry import CONTENT_TYPE as CONTENT_TYPE
from kaiwa.runtime.metrics.registry import expose as expose
