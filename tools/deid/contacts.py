"""Numbers and addresses of the wire: phones, e-mail, URLs, IP addresses and record numbers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from tools.deid.identifiers import Identifier, Kind

_EMAIL = re.compile(r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_EMAIL_SPELT = re.compile(
    r"(?<![\w.])[\w.+-]{2,64}[ \t]*(?:\(at\)|\[at\]| at )[ \t]*(?:[A-Za-z0-9-]{2,63}(?:\.|[ \t]*(?:\(dot\)|"
    r"\[dot\]| dot )"
    r"[ \t]*))+[A-Za-z]{2,24}\b"
)
_URL = re.compile(r"(?<![A-Za-z0-9])(?:(?:https?|ftp)://|www\.)[^\s<>\"'，。；）)\]]+", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9-]{2,63}\.){1,4}(?:com|org|net|edu|gov|cn|uk|io|health|hospital|info|nhs\.uk)"
    r"(?:/[^\s<>\"'，。；）)]*)?(?![\w.-]*\w@|\w)",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f:]{1,20}(?![\w:])", re.IGNORECASE)
_MAC = re.compile(r"(?<![\w:])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\w:])", re.IGNORECASE)

_PHONE_LABEL = re.compile(
    r"(?:\b(?:tel(?:ephone)?|phone|cell(?:phone)?|mobile|mob|home|work|office|fax|pager|beeper|call(?:ed)?(?: back)?|"
    r"contact|reach(?:ed|able)?(?: (?:him|her|them))?|callback|number|bleep|ext(?:ension)?)\b(?: ?(?:number|no\.?|#))?"
    r"|电\s*话|手\s*机(?:号码?)?|联系电话|联系方式|传\s*真|座机|热线)"
    r"[ \t]*(?:at|is|on|:|：|#|\()?[ \t]*(?P<number>\+?[\d(][\d() .·/–-]{2,22}\d(?:[ \t]*(?:ext?\.?|x|转)[ "
    r"\t]*\d{1,6})?)(?![A-Za-z])",
    re.IGNORECASE,
)
_SHORT_LINE = re.compile(r"ext|pager|beeper|bleep|转", re.IGNORECASE)
_PHONE_SHAPE = re.compile(
    r"(?<![\w.-])(?:\+?1[ .-]?)?(?:\(\d{3}\)[ ]?|\d{3}[-. ])\d{3}[-.]\d{4}(?:[ \t]*(?:ext?\.?|x)[ "
    r"\t]*\d{1,6})?(?![\w-]|\.\d)"
    r"|(?<![\w.-])(?:\(\d{3}\)[ ]?)\d{3}[ ]\d{4}(?![\w-])"
    r"|(?<![\w.])\+\d{1,3}[ .-]?(?:\(?\d{1,5}\)?[ .-]?){2,5}\d{2,4}(?![\w])"
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
    r"|(?<![\d-])0\d{2,3}[- ]\d{7,8}(?:-\d{1,6})?(?!\d)"
    r"|(?<![\d-])0\d{4}[ ]\d{6}(?!\d)|(?<![\d-])0\d{3}[ ]\d{3}[ ]\d{4}(?!\d)|(?<![\d-])07\d{3}[ ]?\d{6}(?!\d)"
    r"|(?<![\d-])0\d{2}[ ]\d{4}[ ]\d{4}(?!\d)|(?<![\w(])\(0\d{2,5}\)[ ]?\d{3,4}[ ]?\d{3,4}(?!\d)"
)
# Where a country's plan decides what a number is.
_REGIONS = ("US", "GB", "CN")

_ID_LABEL = re.compile(
    r"(?:\b(?:m\.?r\.?n|med(?:ical)? ?rec(?:ord)?|mr|chart|hospital|patient|pt|unit|account|acct|encounter|visit|csn|"
    r"fin|har|admission|accession|acc|case|uhid|folder|serial|clinic|ref(?:erence)?|image set|hosp|mr|"
    r"specimen|sample|order|requisition|report|study|exam|insurance|policy|"
    r"member(?:ship)?|subscriber|group|plan|claim|medicare|medicaid|mbi|beneficiary|hicn?|ssn|social security|"
    r"nhs|chi|hkid|passport|driver'?s? licen[cs]e|dl|licen[cs]e(?: plate)?|plate|vehicle|vin|dea|npi|badge|employee|"
    r"gmc|nmc|hcpc|mcr|imc|ahpra|pps|ppsn|nino|aadhaar|bsn|cpf|curp|dni|staff|payroll|collar|shoulder|warrant|s/n|s\.n\.|student|military|service|serial|device|implant|lot|model|pacemaker|certificate|record|file|identifier|id|"
    r"health card|ohip|pin|account id|user(?:name)?|login|portal)"
    r"(?:[ \t]?(?:number|num|no|nr|id|identifier|card|code|s/n|sn|plate))*\b\.?"
    r"|(?:病人|患者|病员|住院|门诊|病历|病案|登记|就诊|体检|医保(?:卡)?|社保(?:卡)?|身份证(?:件)?|证件|护照|军官证|检查|影像|"
    r"放射|超声|病理|标本|"
    r"条码|申请单?|就诊卡|健康卡|诊疗卡|银行卡|车牌|工|编|微信|QQ|qq|报告|保险单?|序列|设备|床位?)(?:号码?|编号|ID|id)?"
    r"|身份证|病历ID|患者ID|(?<![A-Za-z])ID号?)"
    r"[ \t]*(?P<mark>(?:[:：#=]|no\.?:?|is|为|是)[ \t]*[:：#]?)?[ "
    r"\t]*(?P<value>(?=[A-Za-z/._-]{0,12}\d)[A-Za-z0-9][A-Za-z0-9/._-]{2,30}(?: ?\d{2,6}){0,3})",
    re.IGNORECASE,
)
# The last word of a label that says by itself that a number follows.
_NUMBER_WORD = re.compile(
    r"(?:number|num|no|nr|id|accession|mrn|ssn|npi|dea|vin|gmc|nmc|hcpc|ahpra|pps|ppsn|nino|plate|serial|payroll|collar|s/n|号码?|编号)\b\.?$",
    re.IGNORECASE,
)
_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_ZH_ID = re.compile(r"(?<!\d)[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)")
_NHS = re.compile(r"(?<![\d-])\d{3}[ -]\d{3}[ -]\d{4}(?![\d-])")
_PLATE_ZH = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·・]?[A-Z0-9]{5,6}(?![A-Za-z0-9])"
)
_HASHED = re.compile(r"(?<![\w#])#[ \t]?(?P<value>[A-Z]{0,3}-?\d{5,12})(?!\w)")
# Numbers of the length of a record's that are no measured value, no place in a genome and no number of a publication.
_RECORD_SHAPE = re.compile(
    r"(?<![A-Za-z0-9_.:/>+-])(?<!chr\d )(?<!chr\d\d )(?<!chr[XY] )(?<!PMID )(?<!PMID: )"
    r"(?:[A-Z]?\d{7,12}[A-Z]?|[A-Z]{1,3}\d{3,4}-\d{5,8}|[A-Z]{1,3}\d{2}-\d{4,6}|\d{3}-\d{2}-\d{3}|"
    r"(?!NCT|PMID|PMC|ACTRN|ISRCTN|HGNC|ENS[A-Z]|NM|NP|rs)[A-Z]{2,4}\d{6,14}[A-Z]?)"
    r"(?![A-Za-z0-9_%^/]|[.,]\d|-\d|[ \t]*(?:/|mg|g\b|kg|"
    r"mcg|µg|ug|IU|U\b|units?|cells?|copies|cfu|CFU|ml|mL|L\b|×|x ?10|[ATCGN]>|bp\b|拷贝|个|单位))"
)
# A number of a reagent, a form or a registered trial, which no person has.
_OF_NO_PERSON = re.compile(
    r"(?:\b(?:lot|batch|exp|cat(?:alogue)?|version|trial|trials|study|registry|registration|registered)\b|"
    r"批号|货号|批次|效期|表单|文件|版本|试剂)[^\n，。；;.]{0,16}$",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"\b(?:car|plate|reg(?:istration)?|vehicle|van|truck|taxi|motorbike)\b[ \t:.]{1,3}(?:no\.?[ \t]?|reg\.?[ \t]?)?"
    r"(?P<value>(?=[A-Z0-9 -]{0,8}\d)(?=[A-Z0-9 -]{0,8}[A-Z])[A-Z0-9]{2,4}[ -]?[A-Z0-9]{2,4})(?![\w-])"
)
_PHONE_GROUPS = re.compile(r"(?<=[A-Za-z:)])[ \t]{1,3}(?P<number>\d{3}[ ]\d{3}[ ]\d{4})(?![\w-]|\.\d|[ \t]\d)")
_HANDLE = re.compile(r"(?<![\w@./-])@[A-Za-z_][\w.]{2,30}(?<!\.)(?![\w@])")
# Cards and bar codes in groups of four, blocks and cases of pathology, laboratories (CLIA).
_GROUPED = re.compile(
    r"(?<![A-Za-z0-9_.-])(?!(?:(?:19|20)\d\d[ -]){2})\d{4}([ -])\d{4}\1\d{4}(?:\1\d{4})?(?![A-Za-z0-9_-]|\.\d)"
)
_BLOCK = re.compile(r"(?<![\w-])\d{2}-[A-Z]{1,2}-\d{4,6}(?:-[A-Z]?\d{1,2})?(?![\w-])")
_CLIA = re.compile(r"(?<!\w)\d{2}D\d{7}(?!\w)")
_ACCOUNT = re.compile(
    r"(?:(?:微\s*信|QQ|qq|抖音|支付宝|微博|钉钉)(?:账?号码?|ID|id|[\u4e00-\u9fff]{0,4}[（(])?|"
    r"\b(?:user ?(?:name|id)|log-?in(?: name)?|"
    r"screen ?name|we-?chat(?: id)?|skype(?: id)?|instagram|snapchat|telegram|handle))[ \t]*(?:[:：=]|is|为|是)?[ \t]*"
    r"(?P<value>(?=[^\s，。；]{0,24}[\d_])[^\W_][\w.-]{4,24}(?<![.-]))",
    re.IGNORECASE,
)
_ACCOUNT_BEFORE = re.compile(
    r"(?<![A-Za-z0-9_@.-])(?P<value>(?=[A-Za-z-]{0,18}[\d_])[A-Za-z][A-Za-z0-9_-]{5,19})(?=(?:这个|的)?(?:微信|QQ|qq))"
)
_PREFIXED = re.compile(r"(?<![\w-])(?:MRN|ACC|PT|ID|SSN|EMR|HN|CSN|UHID)[-_]?\d{4,12}(?!\w)")


def find_contacts(text: str) -> Iterator[Identifier]:
    """E-mail, URLs, IP and MAC addresses, phones and record numbers."""
    for kind, pattern, strength in (
        (Kind.EMAIL, _EMAIL, 3),
        (Kind.EMAIL, _EMAIL_SPELT, 1),
        (Kind.URL, _URL, 3),
        (Kind.URL, _DOMAIN, 2),
        (Kind.ID, _MAC, 2),
        (Kind.ID, _HANDLE, 2),
        (Kind.ID, _RECORD_SHAPE, 0),
        (Kind.ID, _SSN, 3),
        (Kind.ID, _ZH_ID, 3),
        (Kind.ID, _PLATE_ZH, 2),
        (Kind.ID, _PREFIXED, 2),
        (Kind.ID, _GROUPED, 3),
        (Kind.ID, _BLOCK, 2),
        (Kind.ID, _CLIA, 2),
        (Kind.PHONE, _PHONE_SHAPE, 2),
    ):
        for match in pattern.finditer(text):
            if pattern is _RECORD_SHAPE and of_no_person(text, match.start()):
                continue
            yield Identifier(kind, match.start(), match.end(), "shape", strength)
    for match in _PLATE.finditer(text):
        yield Identifier(Kind.ID, match.start("value"), match.end("value"), "plate", 2)
    for match in _PHONE_GROUPS.finditer(text):
        yield Identifier(Kind.PHONE, match.start("number"), match.end("number"), "groups")
    yield from _ip_addresses(text)
    yield from _phones(text)
    yield from _numbers(text)


def of_no_person(text: str, start: int) -> bool:
    """Whether the number at `start` is by the words before it of a reagent, a form or a registered trial."""
    return _OF_NO_PERSON.search(text, max(0, start - 24), start) is not None


def _ip_addresses(text: str) -> Iterator[Identifier]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                ipaddress.ip_address(match[0])
            except ValueError:
                continue
            yield Identifier(Kind.IP, match.start(), match.end(), "shape", 2)


def _phones(text: str) -> Iterator[Identifier]:
    import phonenumbers

    for match in _PHONE_LABEL.finditer(text):
        digits = sum(character.isdigit() for character in match["number"])
        shortest = 3 if _SHORT_LINE.match(match[0]) else 7
        if shortest <= digits <= 18 and not re.search(r"\d\.\d{1,3}$|^\d{2,3}/\d{2,3}$", match["number"]):
            yield Identifier(Kind.PHONE, match.start("number"), match.end("number"), "label", 2)
    for region in _REGIONS:
        for found in phonenumbers.PhoneNumberMatcher(text, region):
            if sum(character.isdigit() for character in found.raw_string) >= 9:
                yield Identifier(Kind.PHONE, found.start, found.end, "numbering plan")


def _numbers(text: str) -> Iterator[Identifier]:
    for match in _ID_LABEL.finditer(text):
        value = match["value"].rstrip("._-/")
        digits = sum(character.isdigit() for character in value)
        marked = match["mark"] is not None
        name = _NUMBER_WORD.search(match[0][: match.start("value") - match.start()].strip(" \t:：#"))
        enough = digits >= 5 or (digits >= 3 and (marked or name is not None) and len(value) >= 4)
        form = re.search(r"(?:表单|文件|版本|试剂)$", text[max(0, match.start() - 2) : match.start()]) is not None
        if enough and (marked or name is not None) and not _is_date(value) and not form:
            yield Identifier(Kind.ID, match.start("value"), match.start("value") + len(value), "label", 2)
    for pattern in (_ACCOUNT, _ACCOUNT_BEFORE):
        for match in pattern.finditer(text):
            yield Identifier(Kind.ID, match.start("value"), match.end("value"), "account", 2)
    for match in _HASHED.finditer(text):
        yield Identifier(Kind.ID, match.start("value"), match.end("value"), "hash")
    for match in _NHS.finditer(text):
        if _nhs_checksum(match[0]):
            yield Identifier(Kind.ID, match.start(), match.end(), "NHS checksum", 2)


def _is_date(value: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{2,4}", value) is not None


def _nhs_checksum(text: str) -> bool:
    """Modulus-11 check of a UK NHS number (NHS Data Dictionary)."""
    digits = [int(character) for character in text if character.isdigit()]
    check = 11 - sum(digit * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return (0 if check == 11 else check) == digits[9]
