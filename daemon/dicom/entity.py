"""pynetdicom as this program uses it: what it agrees to, and that it says nothing."""

from __future__ import annotations

import logging
import warnings

from pynetdicom import AE, _config

from daemon.dicom.accepted import STORAGE, SYNTAXES, VERIFICATION
from daemon.dicom.messages import IMPLEMENTATION, IMPLEMENTATION_NAME
from daemon.dicom.settings import ReceiverSettings
from daemon.dicom.sockets import LARGEST_PDU


def entity_of(settings: ReceiverSettings) -> AE:
    """The application entity, with what it agrees to."""
    entity = AE(ae_title=settings.ae_title)
    entity.implementation_class_uid = IMPLEMENTATION
    entity.implementation_version_name = IMPLEMENTATION_NAME
    entity.maximum_pdu_size = LARGEST_PDU
    entity.maximum_associations = settings.associations
    entity.acse_timeout = settings.associate_seconds
    entity.network_timeout = settings.idle_seconds
    entity.dimse_timeout = settings.idle_seconds
    for kind in STORAGE:
        entity.add_supported_context(kind, list(SYNTAXES))
    entity.add_supported_context(VERIFICATION)
    return entity


def silence_libraries() -> None:
    """Let pynetdicom and pydicom say nothing: their logs and warnings hold UIDs, AE titles and addresses.

    Call it once, before a server is made.
    """
    warnings.simplefilter("ignore")
    _config.LOG_HANDLER_LEVEL = "none"  # they format every PDU, even where nobody listens
    for name in ("pynetdicom", "pydicom"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)
