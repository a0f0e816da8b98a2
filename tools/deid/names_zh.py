"""Person names in Chinese clinical text: after a label, before a title, and with sex or age behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.deid.identifiers import Identifier, Kind

# The family names that cover nearly all bearers (national name reports of the Ministry of Public Security).
_FAMILY = (
    "高卓蒲蒙练滕岑闻党贡姬雍桑濮尚晏瞿茹艾古戈庾匡寇阙隆巩晁敖冷饶沙鞠丰巢荆查简仇佟邸蔺栾褚臧王李张刘陈杨黄赵吴周徐"
    "孙马朱胡郭何林罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹"
    "熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍"
    "申尤毕聂丛焦柳邢岳齐梅庄辛管祝左涂谷祁舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游裴席卫屈鲍萧傅虞漆祖官奚邝宫苟敬鄢"
    "佘嵇邬尧栗操檀仝冼卞谌粟逯巫宿庞竺阴郁花应宗宣贲单裘缪糜松井富乌巴牧隗车宓蓬班仰伊暴甘钭厉戎符景束霍翁隋植薄包司"
    "柏宁柯阮桂闵阳解强柴华冉房边净阎阚"
)
_DOUBLE = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|长孙|宇文|端木|南宫|独孤"
_HAN = "\u4e00-\u9fff"
_SURNAME = rf"(?:{_DOUBLE}|[{_FAMILY}])"
# Characters that begin the next word of a sentence and are hardly ever the last one of a given name.
_STOP = (
    "于因今系在来有无自诉既以入出院为是已曾并未及的，。；、：（）(),.;: "
    "\t\n男女性岁说称被与和向对由到至往从现又能可需应签主住先您你我他她此该行经陪带代补提要发告反描"
)
_GIVEN = rf"[{_HAN}]{{1,2}}"
_TITLE = (
    r"(?:先生|女士|小姐|太太|同志|阿姨|大爷|大妈|奶奶|爷爷|老师|医生|医师|大夫|主任|副主任|教授|护士长|护士|院长|"
    r"药师|技师)"
)
_LABEL = re.compile(
    r"(?:患者姓名|病人姓名|姓\s*名|曾用名|联系人(?:姓名)?|家属(?:姓名)?|监护人|法定代理人|委托人|陪同者|供史者|"
    r"病史陈述者|"
    r"签\s*名|签\s*字|(?:主治|主任|副主任|住院|经治|管床|接诊|首诊|责任|申请|报告|审核|检查|手术|麻醉|记录|"
    r"上级|会诊|送检|开单)"
    r"(?:医师|医生|者|护士|人)(?:签名)?|医师签名|医生签名|术者|主刀|助手|护士签名|记录者|记录人|报告人|审核人|"
    r"操作者|父亲|母亲|"
    r"丈夫|妻子|配偶|儿子|女儿|患者|病人|医师|医生|护士)"
    r"\s*(?P<mark>[:：]|姓名为|名叫|叫|是(?=[^否]))?\s*"
)
# Ordinary words that begin with a family name's character.
_ORDINARY = re.compile(
    "高[血热龄度烧尿胆钾钠钙密脂压位]|黄[疸色体]|白[细血蛋内色带天发]|金[属黄]|何[时处种]|常[规有见年因]|"
    "方[便法案]|安[静全置排]|平[素卧时]|"
    "易[疲怒感出]|明[显确]|时[有常]|石膏|万古|温[度和]|施行|关[节于]|单[侧纯]|甘油|成[年人]|"
    "左[侧肺肾上下心眼耳手足前后]|解[大小除]|文化|"
    "强[直烈]|房[颤室]|车祸|边[缘界]|包[块括]|华法|马上|任何|孙[子女]|夏天|夏季|许多|严[重格密]|申请|康复|"
    "陈[旧述]|苏醒|杜绝|丁胺|"
    "曾[于在有因经行患]|叶酸|尤其|梅毒|卫生|胡言|吴茱|汤药|向[心前后]"
)
# Family names that are so often another word that a sentence alone does not make them one.
_WEAK = frozenset(
    "祖官花应松井富乌巴牧车班阴暴束厉符宗宣段于江路管费史岳宁毛牛齐曲景盛项谷柏余经宋程谢贺莫武纪桂季钱左时全明水单计成解"
)
# Characters of which most given names are made.
_GIVEN_SET = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文学春海燕丹雪波鹏飞宇浩欣怡婷雨涵梓轩博晨晓小莉玲"
    "琴云辉斌彬峰龙凤珍珠琳佳慧颖莹洁倩璐璇瑶瑞祥福贵荣成林森健康宁安永庆生东南西北新光亮阳旭日月星辰君子思诗语嘉俊豪"
    "凯帆航宏鸿洪泽江河淑惠贤仁义礼智信德善良正直忠孝廉和淼鑫金银铁钢岩石山川松柏竹菊荷莲花草叶萍萱蕾蓉薇茜茹芬芝芸苗"
    "青兵卫民族庭家毅坚定振兴旺盛隆昌达通畅顺利吉胜凡立冬夏秋冰冉然烨煜炎焕灿楠栋桐梁柱杨柳桃李杏喜欢乐悦愉媛婕妍妮姗"
    "娇娥婉嫒晶璟瑜瑾琪琦玮珊珂珏昕昊晖晗曦晴景哲睿聪敬恩慈雅韵美素翠彩连莎蓓黎萌朋友有余发财才元全会长城世界中根宝翔"
    "翰群彦彪士坤培基增希常年广运延弘彤心怀恒想真双凌峥岚嵘峻崇巍帅帝贝巧"
)
# Words that stand before a name, and those that go on after one.
_BRINGS = (
    r"(?:由|应|请|与|和|及|向|经|通知|联系|告知|询问|转告|致电|医师|医生"
    r"|护士|主任|主刀|一助|二助|助手|麻醉|随访人|见证人|记录人|"
    r"其子|其女|其妻|其夫|其父|其母|其兄|其弟|其姐|其妹|之子|之女|配偶|丈夫|妻子|儿子|女儿|父亲|母亲"
    r"|哥哥|弟弟|姐姐|妹妹|叔叔|舅舅|"
    r"会诊|联系人|申请人|家属|亲属|朋友|同事"
    r"|患者|病人|患儿|产妇|称|嘱|交班|接班|值班|执笔|签字|谈话)(?:[:：]|[ \t])*"
)
_GOES_ON = (
    r"(?:[ \t\d，。；、：（）()！？,.;:→\n]|$|诉|于|由|及|与|和|的|已|现|在|从|称|因|自|表示|认为"
    r"|接诊|接听|邀请|联系|陪|要求|"
    r"医师|医生|主任|教授|护士|大夫|来|说|体温|签|同意|拒绝|男|女|今|昨|入院"
    r"|出院|术后|术前|之|一般|神志|目前|未|无|有|诊|病情|随|主诉|年|"
    r"送|到|至|前|能|可|仍|再|转|行|予|患|既|情)"
)
_FREE = re.compile(
    rf"(?:(?<=[\s，。；、：（）()→,.;:>])|^|(?<![{_HAN}\d])|{_BRINGS})"
    rf"(?P<name>{_SURNAME}[{_GIVEN_SET}]{{1,2}}?)(?={_GOES_ON})",
    re.MULTILINE,
)
_TITLED = re.compile(rf"(?P<name>{_SURNAME}(?:[{_HAN}]{{1,2}}?)?)(?={_TITLE})")
_WITH_SEX = re.compile(rf"(?<![{_HAN}])(?P<name>{_SURNAME}{_GIVEN})\s*[，,、]\s*(?:男|女)")
_BEFORE_ACT = re.compile(
    rf"(?:患者|病人|家属|其[父母夫妻子女](?:亲)?|丈夫|妻子|儿子|女儿|父亲|母亲|"
    rf"配偶)(?P<name>{_SURNAME}{_GIVEN}?)(?=[{_STOP}])"
)


def _name(start: int, end: int, rule: str, strength: int = 1) -> Identifier:
    return Identifier(Kind.PERSON, start, end, rule, strength)


def find_names(text: str) -> Iterator[Identifier]:
    """Every person's name that a rule finds in Chinese `text`."""
    for match in _LABEL.finditer(text):
        if match["mark"] in (":", "："):
            yield from _after_colon(text, match.end())
    for match in _TITLED.finditer(text):
        if not _ordinary(text, match.start()) and text[match.start("name") - 1 : match.start("name")] not in (
            "主",
            "责",
            "信",
        ):
            yield _name(match.start("name"), match.end("name"), "zh title", 2)
    for match in _WITH_SEX.finditer(text):
        yield _name(match.start("name"), match.end("name"), "zh sex")
    for match in _BEFORE_ACT.finditer(text):
        weak = match["name"][0] in _WEAK
        if not weak and not _ordinary(text, match.start("name")) and len(match["name"]) > 1:
            yield _name(match.start("name"), match.end("name"), "zh act")
    yield from _free(text)


def _free(text: str) -> Iterator[Identifier]:
    """A family name and characters of given names, with a limit of the sentence or a telling word on both sides."""
    place = 0
    while match := _FREE.search(text, place):
        place = match.start("name") + 1
        name = match["name"]
        before = text[max(0, match.start("name") - 4) : match.start("name")]
        led = re.search(rf"{_BRINGS}$", before) is not None
        if not _ordinary(text, match.start("name")) and (len(name) > 2 or led or name[0] not in _WEAK):
            yield _name(match.start("name"), match.end("name"), "zh free")
            place = match.end("name")


def _ordinary(text: str, start: int) -> bool:
    return _ORDINARY.match(text, start) is not None


def _after_colon(text: str, start: int) -> Iterator[Identifier]:
    match = re.compile(rf"(?:{_DOUBLE})[{_HAN}]{{1,2}}|[{_HAN}]{{2,4}}(?:·[{_HAN}]{{2,6}})?").match(text, start)
    if match is None:
        return
    run = match[0]
    known = re.match(rf"{_SURNAME}{_GIVEN}", run)
    if known is not None and not _ordinary(text, start):
        end = start + min(len(known[0]), len(run))
        tail = text[end - 1]
        if len(known[0]) > 2 and tail in _STOP:
            end -= 1
        yield _name(start, end, "zh label", 2)
    elif re.compile(r"[\s，。；、（(]|$").match(text, match.end()) and not _ordinary(text, start):
        yield _name(start, match.end(), "zh label", 2)
