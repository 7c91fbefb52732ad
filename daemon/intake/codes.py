"""Which words of a DICOM header are codes: the rest may be a name that was typed into the wrong box; pure.

Only where a site keeps no identifiers: elsewhere what was typed there helps to find out who sends it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from daemon.intake.worker import Outcome


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODALITIES: Final = _words(
    "AR AS BDUS BI BMD CD CF CR CT CTPROTOCOL DG DM DOC DS DX EC ECG EEG EMG EOG EPS ES FA FID FS GM HC HD IO IOL "
    "IVOCT IVUS KER KO LEN LP LS MG MR MS NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PLAN POS PR PT PX REG RESP "
    "RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF ST STAIN "
    "TEXTUREMAP TG US VA VF XA XAPROTOCOL XC"
)  # PS3.3 C.7.3.1.1.1, retired ones too
VIEWS: Final = _words(
    "AP PA LL RL LLD RLD LLO RLO LAO RAO LPO RPO LAT LATERAL LATERALS OBL OBLIQUE FRONTAL SUPINE PRONE DECUBITUS "
    "ERECT UPRIGHT AXIAL TANGENTIAL CC MLO ML LM LLAT RLAT L R A P AP/PA PA/AP"
)
BODY_PARTS: Final = _words(
    "ABDOMEN ADRENAL ANKLE AORTA ARM AXILLA BACK BLADDER BRAIN BREAST BRONCHUS BUTTOCK CALCANEUS CALF CAROTID "
    "CEREBELLUM CERVIX CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX COLON CORNEA CSPINE CTSPINE DUODENUM EAR "
    "ELBOW ESOPHAGUS EXTREMITY EYE EYELID FACE FEMUR FINGER FOOT FOREARM GALLBLADDER HAND HEAD HEADNECK HEART HIP "
    "HUMERUS ILEUM ILIUM JAW JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE LUNG LUNGS MAXILLA MEDIASTINUM "
    "MOUTH NECK NECKCHEST NOSE ORBIT OVARY PANCREAS PAROTID PATELLA PELVIS PENIS PHARYNX PROSTATE RECTUM RIB RIBS "
    "SACRUM SCALP SCAPULA SCLERA SCROTUM SHOULDER SKULL SPINE SPLEEN SSPINE STERNUM STOMACH TESTIS THIGH THORAX "
    "THUMB THYMUS THYROID TIBIA TLSPINE TOE TONGUE TRACHEA TSPINE URETER URETHRA UTERUS VAGINA VULVA WHOLEBODY "
    "WRIST ZYGOMA"
)  # PS3.16 annex L, and what is met
_KNOWN: Final = {"modality": MODALITIES, "view": VIEWS, "body_part": BODY_PARTS}
_INSTEAD: Final = "one that is not kept"


def without_names(outcome: Outcome) -> Outcome:
    """An outcome that keeps no word of the header but codes, neither among its facts nor in its message."""
    facts, message = outcome.facts, outcome.message
    for name, known in _KNOWN.items():
        word = getattr(facts, name)
        if word and word not in known:
            facts = replace(facts, **{name: None})
            message = message and re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", _INSTEAD, message, flags=re.IGNORECASE)
    return replace(outcome, facts=facts, message=message)
