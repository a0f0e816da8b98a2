"""Street addresses, post codes, towns of residence, and names of hospitals and practices."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.dictionary import look_up, word_list
from tools.deid.identifiers import Identifier, Kind

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|"
    "PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR"
)
_STATE_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|"
    "Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|"
    "Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|"
    "Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|"
    "Washington|West Virginia|Wisconsin|Wyoming"
)
_WORD = r"[A-ZÀ-ÖØ-Þ](?:[\w'’-]|\.(?=\w)){0,40}"
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Way|"
    r"Parkway|Pkwy|Highway|Hwy|Circle|Cir|Close|Crescent|Gardens|Grove|Mews|Row|Trail|Trl|Alley|Plaza|Loop|Rise|Hill|"
    r"Walk|Pike|Turnpike|Route|Quay|Green)"
)
_UNIT = r"(?:,?[ \t]*(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|#)\.?[ \t]*#?[\w-]{1,6})"
_TOWN = rf"(?:,?[ \t\n]+{_WORD}(?:[ \t]+{_WORD}){{0,3}})"
_ZIP = r"\d{5}(?:-\d{4})?"
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?[ \t]\d[A-Z]{2}"
_US_TAIL = (
    rf"(?:(?:{_TOWN})?,?[ \t\n]+(?:{_STATES}|{_STATE_NAMES})\b\.?(?:[ \t,]+{_ZIP})?|{_TOWN}?[ \t]*,?[ \t]+{_ZIP}(?!\d))"
)
_UK_TAIL = rf"(?:{_TOWN}{{0,2}},?[ \t\n]+{_POSTCODE}\b)"
_STREET_ADDRESS = re.compile(
    rf"(?<![\w/.])(?:Flat[ \t]*\w{{1,4}},?[ \t]*)?\d{{1,6}}[A-Za-z]?(?:-\d{{1,4}})?,?[ \t]+(?:(?:[NSEW]|North|"
    rf"South|East|West)\.?[ \t]+)?"
    rf"(?:{_WORD}[ \t]+|\d{{1,3}}(?:st|nd|rd|th)[ \t]+){{1,4}}{_STREET}\b\.?(?:[ "
    rf"\t]+[NSEW][EW]?\b)?{_UNIT}?(?:{_US_TAIL}|{_UK_TAIL})?"
)
# Any street, whatever its last word, in front of a town, a state and a ZIP code.
_FULL_US_ADDRESS = re.compile(
    rf"(?<![\w/.])\d{{1,6}}[A-Za-z]?[ \t]+{_WORD}(?:[ \t]+{_WORD}){{0,4}}{_UNIT}?,[ \t\n]*{_WORD}(?:[ "
    rf"\t]+{_WORD}){{0,3}},"
    rf"[ \t]*[A-Z]{{2}}[ \t]+{_ZIP}(?!\d)"
)
_PO_BOX = re.compile(rf"\bP\.?[ ]?O\.?[ ]?Box[ \t]+\d+(?:{_US_TAIL})?", re.IGNORECASE)
_TOWN_STATE = re.compile(
    rf"\b{_WORD}(?:[ \t]+{_WORD}){{0,2}},[ \t]*(?:(?:{_STATES})\b(?:[ \t]+{_ZIP})?|(?:{_STATE_NAMES})\b)"
)
_UK_POSTCODE = re.compile(rf"(?<!\w)(?:{_POSTCODE})(?!\w)")
_STATE_ZIP = re.compile(
    rf"\b(?:{_STATES})[ \t]+{_ZIP}\b|\b(?:zip|postal|post)[ -]?code[ \t]*[:#]?[ \t]*(?P<zip>[\w -]{{4,9}}\w)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:(?:home|mailing|street|current|permanent|postal|work)[ \t]+)?address(?:es)?[ \t]*(?:is|:|：)[ "
    r"\t]*(?P<value>[^\n]{4,120})|"
    r"(?:现?家?庭?住\s*址|地\s*址|户籍地?(?:址)?|籍\s*贯|出\s*生\s*地|现居地?|常住地|工作单位|"
    r"单位)\s*[:：]\s*(?P<zh>[^\s，。；,;]{2,60})",
    re.IGNORECASE,
)
# Where a labelled address ends: a wide gap, a bar, another label, or a new sentence.
_LABEL_END = re.compile(
    r"[ \t]{2,}|\t|[;|]|[ \t]+(?:phone|tel|mrn|dob|age|sex|email|fax)\b|"
    r"[ \t]*[.](?=[ \t]+[A-Z][a-z]+[ \t]+(?:is|was|has))",
    re.IGNORECASE,
)
# A house without a number: up to the end of the sentence or the next part of it.
_LIVES_AT = re.compile(
    r"\b(?:[Ll]iv(?:es|ed|ing)|[Rr]esid(?:es|ed|ing)|[Ss]taying|[Vv]isit(?:ed)?|[Hh]ome|[Aa]ddress) "
    r"(?:is |was )?at[ \t]+"
    r"(?P<place>(?:[Tt]he[ \t]+)?[A-Z0-9][^.;\n]{3,100}?)"
    r"(?=\.[ \t\n]|\.$|;|\n|$|[ \t]+(?:with|and|since|alone|for|because|but|where|who)\b)"
)
_EIRCODE = re.compile(r"(?<=, )(?:[AC-FHKNPRTV-Y]\d\d|D6W)[ ]?(?=[0-9AC-FHKNPRTV-Y]{0,3}\d)[0-9AC-FHKNPRTV-Y]{4}(?!\w)")
_RESIDES = re.compile(
    r"\b(?:[Ll]iv(?:es|ed|ing)|[Nn]ursing home|[Cc]are home|apartment|house|resid(?:es|ed|ing|ent)|born|raised|"
    r"grew up|moved?|relocated|travell?ed|returned|retired|"
    r"visiting|immigrated|emigrated|native)\b[ \t]+(?:\w+[ \t]+){0,3}?(?:in|at|of|from|to|near|outside)[ "
    r"\t]+(?:the[ \t]+)?"
    rf"(?P<place>{_WORD}(?:[ \t]+{_WORD}){{0,2}}(?:,[ \t]*{_WORD}(?:[ \t]+{_WORD})?)?)"
)
_NOT_PLACES, _COUNTRIES = word_list("not_places"), word_list("countries")
_FACILITY = (
    r"(?:(?:General|Memorial|University|Community|Regional|County|City|Children['’]s|Veterans|Royal|District|Teaching|"
    r"National|Medical|Cancer|Heart|Health|Specialty|Rehabilitation|Surgical|Family|Women['’]s|Urgent[ \t]+Care|Eye|"
    r"Primary[ \t]+Care|Nursing|Care|Infirmary|Hospice|Valley|Presbyterian|Baptist|Methodist|Mercy|Research|"
    r"and|of|&|for|the)[ \t]+)*"
    r"(?:Hospitals?|Medical[ \t]+(?:Center|Centre|Group|Associates|College)|Health[ \t]+(?:System|Center|"
    r"Centre|Network|Partners)|Healthcare|"
    r"Clinics?|Infirmary|Hospice|Sanatorium|NHS(?:[ \t]+Foundation)?[ \t]+Trust|Cancer[ \t]+(?:Center|Centre|"
    r"Institute)|"
    r"Nursing[ \t]+Home|Surgery[ \t]+Center|Surgery[ \t]+Centre|Surgicenter|Practice|Pharmacy|Laborator(?:y|"
    r"ies)|Rehab(?:ilitation)?[ \t]+Center|"
    r"Imaging[ \t]+Center|Heart[ \t]+Institute|Care[ \t]+Home|Institute|Medical[ \t]+School)"
)
_HOSPITAL = re.compile(
    rf"\b(?P<name>(?:(?:St|Mt|Ft)\.[ \t]+)?{_WORD}(?:[ \t]+{_WORD}){{0,3}}?)[ \t]+{_FACILITY}\b(?:[ \t]+(?:of|"
    rf"at)[ \t]+{_WORD}(?:[ \t]+{_WORD})?)?"
)
_OF_HOSPITAL = re.compile(
    rf"\b(?:(?:University|Children['’]s|General|Royal|Memorial)[ \t]+)?(?:Hospital|University|Clinic|College)[ "
    rf"\t]+of[ \t]+(?:the[ \t]+)?{_WORD}(?:[ \t]+{_WORD}){{0,2}}(?:[ "
    rf"\t]+{_FACILITY})?"
)
_GENERIC = word_list("generic_facility_words")

_ZH = "\u4e00-\u9fff"
_PROVINCE = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|"
    "四川|贵州|云南|陕西|甘肃|青海|"
    "台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_ZH_ADDRESS = re.compile(
    rf"(?:(?:{_PROVINCE})(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|"
    rf"特别行政区)?)(?:[{_ZH}]{{2,5}}?(?:市|州|地区|盟))?"
    rf"(?:[{_ZH}]{{1,5}}?(?:区|县|旗|市))?(?:[{_ZH}\d]{{1,10}}?(?:街道|路|街|大道|巷|胡同|(?:镇|乡|村|里|屯)(?![路街])|"
    rf"小区|社区|花园|新村|弄|组))*"
    rf"(?:[\dA-Za-z一二三四五六七八九十]{{1,5}}(?:号楼?|栋|幢|座|单元|室|楼|层|弄|组|号院)-?)*(?:\d{{1,5}}室?)?"
)
_ZH_STREET = re.compile(
    rf"(?:[{_ZH}]{{2,4}}(?:市|县|区))?(?:[{_ZH}]{{2,3}}(?:区|县|镇|乡))?[{_ZH}]{{2,6}}(?:路|街|大道|巷|胡同|弄|"
    rf"村|小区)\d{{1,5}}(?:号|弄|组)"
    rf"(?:[\dA-Za-z]{{1,5}}(?:号楼?|栋|幢|座|单元|室|楼|层)-?)*(?:\d{{1,5}}室)?"
)
_ZH_LIVES = re.compile(
    rf"(?:家住|居住于|居住在|现住|暂住|来自|出生于|生于|住在|"
    rf"籍贯)\s*[:：]?(?P<place>[{_ZH}][{_ZH}\dA-Za-z-]{{1,40}}?)(?=[，。；、,;\s（(]|$)"
)
_ZH_HOSPITAL = re.compile(
    rf"[{_ZH}]{{2,16}}?(?:医院|卫生院|卫生服务中心|卫生服务站|诊所|医学中心|疾控中心|体检中心|疗养院|养老院|"
    rf"敬老院|福利院)(?:[{_ZH}]{{1,3}}院区)?"
)
_ZH_LEAD = re.compile(
    r"^.*?(?:就诊于|转诊至|转至|转入|送至|送往|前往|曾在|曾于|在|于|至|到|从|由|往|赴|去|我|本|外|某|该|当地|上级|下级|"
    r"外地|综合|专科|社区|乡镇|县级|市级|省级|三甲|二甲|基层)(?=.)"
)
_ZH_GENERIC = re.compile(
    r"^(?:我|本|外|某|该|当地|上级|下级|外地|综合|专科|社区|乡镇|县级|市级|省级|三甲|二甲|基层|其他|多家|附近|送检|委托|协作|接收|接诊|转诊|申请|就诊|"
    r"儿童|口腔|精神|传染病|妇产|肿瘤|"
    r"私立|公立|住|出|入|离|转|返|回|门诊|急诊)*(?:级|等)?(?:医院|诊所|卫生院|医学中心|体检中心)$"
)


def find_places(text: str) -> Iterator[Identifier]:
    """Addresses, towns of residence and facilities that a rule finds in `text`."""
    for pattern, strength in (
        (_STREET_ADDRESS, 2),
        (_FULL_US_ADDRESS, 2),
        (_PO_BOX, 2),
        (_UK_POSTCODE, 1),
        (_EIRCODE, 1),
        (_ZH_STREET, 1),
    ):
        for match in pattern.finditer(text):
            yield Identifier(Kind.ADDRESS, match.start(), match.end(), "address", strength)
    for match in _TOWN_STATE.finditer(text):
        yield Identifier(Kind.ADDRESS, match.start(), match.end(), "town and state")
    for match in _STATE_ZIP.finditer(text):
        group = "zip" if match["zip"] else 0
        yield Identifier(Kind.ADDRESS, match.start(group), match.end(group), "post code")
    for match in _LABEL.finditer(text):
        group = "value" if match["value"] else "zh"
        yield Identifier(Kind.ADDRESS, *_trimmed(match, group), "label", 2)
    for match in _LIVES_AT.finditer(text):
        if not look_up(match["place"].split()[0]).ordinary or match["place"][:4].lower() == "the ":
            yield Identifier(Kind.ADDRESS, match.start("place"), match.end("place"), "residence", 2)
    yield from _residences(text)
    yield from _facilities(text)
    yield from _chinese(text)


def _trimmed(match: re.Match[str], group: str) -> tuple[int, int]:
    """The labelled value up to the next label on its line, without closing marks."""
    value = match[group]
    cut = _LABEL_END.search(value)
    value = (value[: cut.start()] if cut else value).rstrip(" \t.,")
    return match.start(group), match.start(group) + len(value)


def _residences(text: str) -> Iterator[Identifier]:
    for match in _RESIDES.finditer(text):
        words = [word.strip(",.") for word in match["place"].split()]
        if all(word.lower() in _COUNTRIES for word in words):
            continue
        first = words[0]
        acronym = first.isupper() and first not in ("USA", "UK", "UAE")
        if first not in _NOT_PLACES and not acronym and not (look_up(first).ordinary and not look_up(first).family):
            end = match.start("place") + len(match["place"].rstrip(".,'’- "))
            yield Identifier(Kind.ADDRESS, match.start("place"), end, "residence")


def _facilities(text: str) -> Iterator[Identifier]:
    for match in _HOSPITAL.finditer(text):
        words = list(re.finditer(r"\S+", match["name"]))
        while words and words[0][0].lower().strip(".,:") in _GENERIC:
            words = words[1:]
        if words:
            yield Identifier(Kind.HOSPITAL, match.start("name") + words[0].start(), match.end(), "facility", 2)
    for match in _OF_HOSPITAL.finditer(text):
        yield Identifier(Kind.HOSPITAL, match.start(), match.end(), "facility")


def _chinese(text: str) -> Iterator[Identifier]:
    for match in _ZH_ADDRESS.finditer(text):
        if match.end() - match.start() > 2 or re.compile(r"[人籍]").match(text, match.end()):
            yield Identifier(Kind.ADDRESS, match.start(), match.end(), "zh address")
    for match in _ZH_LIVES.finditer(text):
        yield Identifier(Kind.ADDRESS, match.start("place"), match.end("place"), "zh residence")
    for match in _ZH_HOSPITAL.finditer(text):
        start = match.start()
        lead = _ZH_LEAD.match(match[0])
        while lead is not None and lead.end() < len(match[0]):
            start += lead.end()
            lead = _ZH_LEAD.match(text[start : match.end()])
        name = text[start : match.end()]
        if not _ZH_GENERIC.match(name) and len(name) > 3:
            yield Identifier(Kind.HOSPITAL, start, match.end(), "zh facility", 2)
