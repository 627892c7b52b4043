/**
 * Frequent given names of several languages, folded (no accents, lower case), written for this detector: not a register, and no list of persons.
 * A name that is a word, a place or a make as well stands in the other list.
 */
export const GIVEN_NAMES = `
aaron abdul abdullah abigail adele adriana adrian agnes agnieszka ahmad ahmed aisha aiden alan alana alberto aleksander aleksandra alejandra alejandro alessandra alessandro
alessia alexander alexandra alexandre alexei alfonso alfredo alice alicia alina alison allison amanda amelie amina amir amit amy ana anastasia anders andre andrea andreas andrei andrej andres andrew
andrzej angela angelica angelika angelina anil anita anja anke anna annabelle anneliese annette annika anthony antoine antonella antonia antonio anton arjun arthur arturo asha ashley astrid audrey aurelie
barbara bartosz beata beatrice beatriz benedikt benjamin bernadette bernard bernd bernhard bertha bianca birgit bjorn bogdan brandon brenda brendan brian bridget brigitte britta bruno bryan
caleb camila camille carla carlos carmen carol carolyn caroline catalina catherine cecilia cedric celine cesar charles chiara chidi chinedu christa christian christiane christina christine christoph christophe christopher cindy claire clara
clarissa claudia clemens colin colleen connor corinna cornelia craig cristian cristina curtis cynthia czeslaw
dagmar damien daniel daniela danielle danuta dariusz darren david debbie deborah deepak denise dennis derek detlef diana diane diego dieter dimitri dmitri dmitry dolores dominik dominique donald donna dorothea dorothy douglas dylan
edith eduardo edward edwin eileen elaine elena eleanor eleonora elias elif elisabeth elise elizabeth elke ella ellen elsa emilia emilie emily emma emmanuel enrico enrique eric erica erik erika ernesto ernst esteban esther ethan eugene eugenia eva evelyn ewa
fabian fabio fabrice fatima fatma federica federico felicia felipe felix ferdinand fernanda fernando filip fiona florian franca francesca francesco francisco francois francoise franziska franz frederic frederik friedrich fritz
gabriel gabriela gabriele gail gary geoffrey georg george gerald gerard gerhard gertrud gianluca gilbert gilles giorgio giovanna giovanni giulia giuseppe gloria gonzalo gordon graham greg gregory greta grzegorz guillaume guillermo gunther gustavo gwen
hannah hans harald harold harriet hassan hector heike heinrich heinz helen helena helene helga helmut hendrik henri henrietta henrik henry herbert hermann hilda hiroshi holger howard hubert hugo hussein
ibrahim ignacio igor ilse imran ines ingeborg ingrid inge irena irene irina isaac isabel isabella isabelle ivan ivana ivana
jacek jacob jacqueline jacques jaime jake jakob jakub james jamie jan jana jane janet janice janina janine jasmin javier jean jeanette jeanne jeffrey jennifer jeremy jerome jerzy jesse jessica jessie jesus jill jim jimmy joachim joan joanna joanne joao jochen joel johan johann johanna johannes john johnny
jolanta jonas jonathan jorg jorge jose josef joseph josephine joshua joyce juan juana judith judy julia julian juliana julie julien julio jurgen justin justyna
kaori karen karim karin karina karl karla karolina katarina katarzyna kate katharina katherine kathleen kathryn kathy katie katja katrin katrina kazimierz keith kelly kenji kenneth kerstin kevin khalid kimberly kirsten klaus klara konrad konstantin krishna kristen kristin kristina krystyna krzysztof kurt kyle
larry lars latoya laura lauren laurence laurent lawrence lea leah leila lena leonard leonardo leonie leonor leslie leszek liam lidia lillian linda lindsay lisa lorenzo lori lothar louis louise luca lucas lucia luciana lucie lucy ludwig luigi luis luisa lukas lukasz lydia lynn
maciej maddalena magdalena mahmoud maja malgorzata manfred manuel manuela marc marcel marcela marcelo marcin marco marcos marcus margaret margarita margarete margit maria mariana marianne marie mariusz marek marina mario marion marjorie marlene marta martha martin martina mary marzena mateusz mathieu mathilde matteo matthew matthias matthieu maureen mauricio maurice maximilian mechthild megan mehmet melanie melissa mercedes mia
michael michaela michal michel michele michelle miguel mikhail milena milos miriam miroslav mohamed mohammad mohammed monica monika monique moritz muhammad mustafa
nadia nadine nancy naomi natalia natalie natasha nathalie nathan nathaniel neha neil nicholas nicola nicolas nicole nikolai nikolaus nikos nils nina noah noemi noor norbert norma
octavia olaf oleg olena olga oliver olivia olivier omar oscar osman oswald otto
pablo pamela paola paolo pascal patricia patrick patrizia paul paula pauline pavel pawel pedro peter petra petr philip philipp philippe phillip phyllis pierre pilar piotr priya
quentin rachel rafael rafal rahul rainer raj rajesh ralf ralph ramon raphael raquel raul raymond rebecca regina reinhard renata renate rene ricardo richard rita robert roberto rodrigo roger roland rolf roman ronald rosa rosemary roxana ruben rudolf rupert russell ruth ryan ryszard
sabine sabrina salvador samantha samir samuel sandra sandeep sanjay santiago sara sarah sascha scott sean sebastian sergei sergey sergio sharon shaun sheila shirley sibylle siegfried sigrid silke silvia simon simone sofia sonia sonja sophia sophie stacy stanislaw stefan stefanie stefano steffen stephan stephanie stephen steven stuart sunil susan susanna susanne svenja svetlana sven sylvia sylvie
tamara tania tanja tara tatiana teresa terri theodor theodore theresa therese thomas thorsten tiffany tim timothy tobias todd tomas tomasz tommaso torsten tracy travis tyler
udo ulrich ulrike ulla ursula uwe valentina valeria valerie vanessa vasily vera veronica veronika viktor viktoria vincent vincenzo viola viviana vladimir volker
waldemar walter waltraud wanda wendy werner wilhelm william wojciech wolfgang xavier xenia yannick yasmin yolanda yuki yuri yusuf yvette yvonne zachary zbigniew zofia zoe zuzanna
samuel stella joseph brigida xiaoming takeshi hiroko minjun siddharth lakshmi nneka oluwaseun adebayo kwame thabo sipho
иван анна мария александр дмитрии сергеи андреи алексеи елена ольга наталья татьяна ирина светлана екатерина михаил николаи владимир юлия анастасия
`;

/** Given names that are a word, a place, a month, a make or a model's name as well. */
export const GIVEN_NAMES_THAT_ARE_WORDS = `
abel adam alba albert alex alexa alexis alpha amber angel april art ashton august aurora austin autumn bailey basil bella ben bernice bert bill billy blair blake bob brad bradley brady brett brooke brooklyn bruce bud buddy cameron carey carl carlo carolina carter casey cassandra chad chance chandler charity charlie charlotte chase chelsea cherry chester cheyenne chip chloe chris christmas
chuck clay claude clark cliff clifford clint cody cole coral crystal dakota dale dallas dan dana dante darwin dawn dean dee denver destiny devin dick dickson don dora drew duke dustin earl eden ed eddie eli ellis eliza elliott elmo eve faith florence ford forest fox frances francis frank frankie fred gale garrett gavin gemma gene geneva georgia gil ginger glen glenn grace grant guy
hal harmony harper harrison harry harvey haven hazel heather heaven hector holly hope hunter ian ike india iris isis ivy jack jackie jackson jade jaguar jamaal jared jasmine jason jasper jay jerry jewel jo joe joey jon jordan joy juanita june juno justice kai kay keira ken kent kim kit kitty lance lane lee lena leo leon levi lily lincoln logan london louisiana love luke luna luther mabel mac macy madison mae major marcia marian mark marshall mason matt maurice max may melody mercy merlin milan mike miles misty molly morgan myles nelson nevada nick nico nova olive orlando paige paris parker pat patience patty pearl penny perry phil phoenix piper porter preston prince princess
quincy randy ray reed reid rex rich rick ricky rob robbie robin rocky rod rodney ron rory rose roy royal ruby rusty sage sally sam sandy savannah scarlett scout sergeant serena shannon shelby shelly sherry sidney sierra sky skylar sol spencer stan star sterling steve stone storm sue summer sunny sydney tad taylor ted terry tiger toby tom tony tracey trinity tucker turner tyson ulysses van vaughn victor victoria violet virginia wade walker warren watson wayne wesley will willow winston wren wyatt zion
li wang wei ming min jing hua yan xin lin jun hui yi yang chen hao ji park hyun sung hyo kenta ravi vijay arun kumar ali hasan said mehdi van an thi huong linh minh anh ngoc mai
`;
