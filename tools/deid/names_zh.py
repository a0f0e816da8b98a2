"""Person names in Chinese clinical text: of the likeliest cut, after a label, spaced out, and of other peoples."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.chinese import HAN, is_word, names_in
from tools.deid.dictionary import word_list
from tools.deid.identifiers import Identifier, Kind

_FAMILIES = word_list("zh_families")
_LABEL = re.compile(
    r"(?:患者姓名|病人姓名|姓\s*名|曾用名|联系人(?:姓名)?|家属(?:姓名)?|监护人|法定代理人|委托人|陪同者|供史者|"
    r"病史陈述者|"
    r"签\s*名|签\s*字|(?:主治|主任|副主任|住院|经治|管床|接诊|首诊|责任|申请|报告|审核|检查|手术|麻醉|记录|"
    r"上级|会诊|送检|开单)"
    r"(?:医师|医生|者|护士|人)(?:签名)?|医师签名|医生签名|术者|主刀|助手|护士签名|记录者|记录人|报告人|审核人|"
    r"操作者|父亲|母亲|丈夫|妻子|配偶|儿子|女儿|患者|病人|医师|医生|护士)\s*[:：]\s*"
)
# One family name alone in a field, after "little" or "old", and whole names after a role that has no colon.
_ALONE = re.compile(
    rf"(?:登记|录入|报告|审核|复核|核对|记录|签名|医师|医生|护士|技师|打印|采集|采样|送检|检验|交班者?|接班者?)(?:者|人|员)?\s*[:：]\s*"
    rf"(?P<family>[{HAN}])(?=[ \t\u3000／/，；。]|$)",
    re.MULTILINE,
)
_LITTLE = re.compile(
    rf"(?:(?<![{HAN}])|(?<=[弟妹兄姐哥嫂舅叔姨伯婆公遵由请与和同找让问叫向给及跟是]))(?P<shown>[小老阿](?P<family>[{HAN}]))"
    rf"(?=[，。；、（(：:／/→\s]|$|说明|医嘱|在场|同意|完成|随访|跟车|同样|催|来了|医师|医生|护士|主任|老师|陪护|陪同|代诉|诉[^讼]|说|称|反映|要求|交班|接班|值班|代[填签办]|来[院电])"
)
# One family name of several in a list: `助手张、李医生`, `巨检（马／小田）`.
_LISTED = re.compile(
    rf"(?:助手|助理|跟诊|带教|一助|二助|巨检|镜检|取材|值班|同行|医师|医生|护士|师)[:：（(]?[ \t]?(?P<family>[{HAN}])"
    rf"(?:[、/／](?P<second>[{HAN}]))?(?=[、/／][小老]?[{HAN}]|[ \t]?(?:两位|二位|同学|医[师生]|护士|主任|老师))"
)
_PINYIN = re.compile(r"拼\s*音\s*[:：（(]?\s*(?P<name>[A-Za-z]{1,20}(?:[ ,]{1,2}[A-Za-z]{1,20}){1,3})")
_ROLE = re.compile(
    rf"(?:取片|领取|签收|代办|陪同|接听|来电|随访)(?:人|者|员)(?P<name>[{HAN}]{{2,3}})(?=[（(，。；\s]|$)"
)
_FIELD = re.compile(rf"[{HAN}]{{2,4}}(?=[\s，。；、（(,;|]|$)")
_SPACED = re.compile(rf"(?<![{HAN}])(?P<family>[{HAN}])[ \t\u3000]{{1,4}}(?P<given>[{HAN}])(?![{HAN}])")
# Names of other peoples with a dot between their parts; with one of these words behind they are of a disease or sign.
_DOTTED = re.compile(rf"[{HAN}]{{2,8}}(?:[·•・‧][{HAN}]{{1,8}}){{1,3}}?(?=[^{HAN}]|$|[男女诉于因入的医教先])")
_EPONYM = re.compile(rf"[{HAN}]{{0,3}}?(?:综合征|病|征|症|氏|反射|试验|分级|分期|评分|法|术|淋巴瘤|瘤|热|菌|体)")


# Characters that foreign names are written with by their sound, and words behind names of diseases, tests and scales.
_SOUND = frozenset(word_list("zh_sound"))
_HEAD = re.compile(
    r"氏?(?:综合征|综合症|征(?=[（(+＋阳阴未可、，。])|分型|分级|分期|标准|试验|反射|囊肿|染色|淋巴瘤|抗体|抗原|量表|指数|公式|"
    r"氏|杆菌|球菌|菌属|病(?=[，。、（(]|待|$)|钳|线圈|棒)"
)
_PERSON_BEFORE = re.compile(
    r"(?:患者|病人|家属|医生|医师|护士|主任|教授|父|母|夫|妻|子|女|兄|弟|姐|妹|由|请|与|和|及|经|叫|为|[：:])\s*$"
)


def _by_sound(text: str, start: int, end: int) -> bool:
    """Whether a cut is a piece of a foreign name in a term, or a term's head word follows it."""
    if _PERSON_BEFORE.search(text, max(0, start - 4), start):
        return False
    if _HEAD.match(text, end):
        return True
    if not _SOUND.issuperset(text[start:end]):
        return False
    after = text[end : end + 2]
    return text[max(0, start - 1) : start] in _SOUND or (len(after) == 2 and _SOUND.issuperset(after))


def find_names(text: str) -> Iterator[Identifier]:
    """Every person's name that a rule finds in Chinese `text`."""
    for cut in names_in(text):
        if not cut.said and _by_sound(text, cut.start, cut.end):
            continue
        yield Identifier(Kind.PERSON, cut.start, cut.end, "zh cut", 2 if cut.said else 1)
    for match in _LABEL.finditer(text):
        field = _FIELD.match(text, match.end())
        if field is not None and not is_word(field[0]):
            yield Identifier(Kind.PERSON, field.start(), field.end(), "zh label")
    for match in _SPACED.finditer(text):
        if match["family"] in _FAMILIES and _labelled(text, match.start()):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "zh spaced", 2)
    yield from _in_fields(text)
    for match in _DOTTED.finditer(text):
        if not _EPONYM.match(text, match.end()):
            yield Identifier(Kind.PERSON, match.start(), match.end(), "zh dotted")


def _in_fields(text: str) -> Iterator[Identifier]:
    """A family name alone in a field or after "little" and "old", the name in Latin script, a name after a role."""
    for pattern in (_ALONE, _LITTLE):
        for match in pattern.finditer(text):
            if match["family"] in _FAMILIES and not (pattern is _LITTLE and is_word(match["shown"])):
                yield Identifier(Kind.PERSON, match.start("family"), match.end("family"), "zh family", 2)
    for match in _LISTED.finditer(text):
        for group in ("family", "second"):
            if match[group] is not None and match[group] in _FAMILIES:
                yield Identifier(Kind.PERSON, match.start(group), match.end(group), "zh family", 2)
    for match in _PINYIN.finditer(text):
        yield Identifier(Kind.PERSON, match.start("name"), match.end("name"), "zh label", 2)
    for match in _ROLE.finditer(text):
        if match["name"][0] in _FAMILIES:
            yield Identifier(Kind.PERSON, match.start("name"), match.end("name"), "zh role")


def forms(name: str) -> list[str]:
    """The forms of a Chinese name that point to the person: the whole, and a given name of two characters."""
    made = [name] if len(name) > 1 else []
    family = 2 if name[:2] in _FAMILIES and len(name) > 2 else 1
    if len(name) - family == 2 and name[:family] in _FAMILIES and not is_word(name[family:]):
        made.append(name[family:])
    return made


def _labelled(text: str, place: int) -> bool:
    return any(match.end() == place for match in _LABEL.finditer(text, max(0, place - 16), place))
